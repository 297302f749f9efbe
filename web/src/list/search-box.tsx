// The search box of a list: asked a moment after the typing stops; `/` goes there, an arrow down from it into the list.
import { TextInput } from '@mantine/core'
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

/** A question that is overtaken by the next is taken back. */
const waitMs = 60

type Props = { value: string; hint?: string; width?: number; onSearch(text: string): void }

export function SearchBox({ value, hint, width = 260, onSearch }: Props) {
  const { t } = useTranslation()
  const box = useRef<HTMLInputElement>(null)
  const [typed, setTyped] = useState(value)
  const sent = useRef(value)
  const search = useDebouncedCallback((text: string) => {
    sent.current = text
    onSearch(text)
  }, waitMs)
  // Somebody else changed it: the way back in the browser, a link.
  useEffect(() => {
    if (value === sent.current) return
    sent.current = value
    setTyped(value)
  }, [value])
  useHotkeys([['/', () => box.current?.focus()]])
  return (
    <TextInput
      ref={box}
      type="search"
      w={width}
      maw="100%"
      leftSection={<IconSearch size={16} aria-hidden />}
      placeholder={hint}
      aria-label={t('list.search')}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value)
        search(event.currentTarget.value.trim())
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') search.flush()
        if (event.key === 'ArrowDown') document.querySelector<HTMLElement>('#content [role="grid"]')?.focus()
      }}
    />
  )
}
