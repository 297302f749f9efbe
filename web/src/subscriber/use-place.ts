// What is chosen within the sheet or the page: in the address where it has a word for that, so that it can be sent to somebody; else
// only here.
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'

/** `isOne` says whether what the address names is a value at all. */
export function usePlace<T extends string>(
  name: 'tab' | 'span' | 'kinds',
  usual: T,
  isOne: (text: string) => text is T,
): [T, (value: T) => void] {
  const search: Record<string, unknown> = useSearch({ strict: false })
  const navigate = useNavigate()
  const [kept, setKept] = useState<T>(usual)
  const named = search[name]
  const choose = (value: T) => {
    setKept(value)
    const change = { [name]: value === usual ? undefined : value }
    void navigate({ to: '.', search: (before: object) => ({ ...before, ...change }), replace: true } as never)
  }
  return [typeof named === 'string' && isOne(named) ? named : kept, choose]
}
