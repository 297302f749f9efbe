// A place where something of a person is kept: what is handed out of it, and how it forgets.

import type { Db } from '../../db/schema.ts'
import type { Keyring } from '../data-key.ts'

export type Person = {
  id: bigint
  payerId: bigint
  /** Every name under which the person has come in. */
  usernames: readonly string[]
  /** Takes the username's place where a row stays. */
  pseudonym: string
}

export type PersonalPlace = {
  table: string
  /** What is handed out, as JSON values; absent where there is nothing that a person could read (secrets, numbers alone). */
  tell?(db: Db, person: Person, keyring: Keyring): Promise<readonly unknown[]>
  /** Removes what says something of these persons, or who they are; absent where nothing in it does. */
  forget?(db: Db, persons: readonly Person[], now: Date): Promise<void>
}

/** The ids of persons, for `any(…)`. */
export function personIds(persons: readonly Person[]): bigint[] {
  return persons.map(({ id }) => id)
}

/** The username that is left of a purged subscriber. */
export function pseudonymOf(id: bigint): string {
  return `purged-${id}`
}
