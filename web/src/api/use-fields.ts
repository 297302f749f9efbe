// The fields of a form: what was typed, and what the API said of each; a field that is typed in again is wrong no longer.
import { useState, type ChangeEvent } from 'react'
import { ApiError } from './client.ts'

type TextFields<T> = { [Name in keyof T]: T[Name] extends string ? Name : never }[keyof T]

export type Fields<T> = {
  values: T
  set(change: Partial<T>): void
  /** What an input of text needs. */
  field(name: TextFields<T>): {
    name: string
    value: string
    error: string | undefined
    onChange(event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>): void
  }
  /** Of any other input. */
  errorOf(name: keyof T): string | undefined
}

export function useFields<T extends Record<string, unknown>>(initial: T, error: Error | null): Fields<T> {
  const [values, setValues] = useState(initial)
  const [mended, setMended] = useState<{ of: Error | null; names: readonly string[] }>({ of: null, names: [] })
  const errorOf = (name: keyof T): string | undefined => {
    if (!(error instanceof ApiError) || (mended.of === error && mended.names.includes(String(name)))) return undefined
    return error.fields[String(name)]
  }
  const set = (change: Partial<T>): void => {
    setValues((before) => ({ ...before, ...change }))
    setMended((before) => ({
      of: error,
      names: [...(before.of === error ? before.names : []), ...Object.keys(change)],
    }))
  }
  return {
    values,
    set,
    errorOf,
    field: (name) => ({
      name: String(name),
      value: values[name] as string,
      error: errorOf(name),
      onChange: (event) => set({ [name]: event.currentTarget.value } as unknown as Partial<T>),
    }),
  }
}
