// What somebody typed into a form and did not save yet, kept in this tab against a reload, a lost line or an ended sign-in; never
// a password. A draft holds only what differs from what the form began with.
import { useState } from 'react'
import { useMe } from '../../sign-in/me.ts'
import { differences, type FormValues } from './values.ts'

export type Draft = {
  /** What was kept, if anything. */
  readonly kept: Partial<FormValues> | undefined
  keep(begun: FormValues, values: FormValues): void
  drop(): void
}

/** The draft of a form, of who is signed in alone. */
export function useDraft(form: string): Draft {
  const keptAt = `gatehouse.draft.${useMe().operator_id}.${form}`
  const [kept] = useState(() => read(keptAt))
  return {
    kept,
    keep(begun, values) {
      const changed = differences(begun, values).filter((name) => name !== 'password')
      if (changed.length === 0) sessionStorage.removeItem(keptAt)
      else
        sessionStorage.setItem(keptAt, JSON.stringify(Object.fromEntries(changed.map((name) => [name, values[name]]))))
    },
    drop: () => sessionStorage.removeItem(keptAt),
  }
}

function read(keptAt: string): Partial<FormValues> | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(keptAt) ?? 'null') ?? undefined
  } catch {
    return undefined
  }
}
