// Whether usernames belong to subscribers here: the question of a client whose unknown subscribers are another server's.

import { textArrayLiteral } from '../db/array-literal.ts'
import type { Pool } from '../db/pool.ts'

/** For each canonical username whether a subscriber has it, in one statement. An archived one counts while it is reserved. */
export async function knownUsernames(pool: Pool, usernames: readonly string[]): Promise<boolean[]> {
  const { rows } = await pool.query<{ username: string }>({
    name: 'known-usernames',
    text: 'select username from subscriber where username = any($1::text[]) and username_reserved',
    values: [textArrayLiteral(usernames)],
  })
  const known = new Set(rows.map((row) => row.username))
  return usernames.map((username) => known.has(username))
}
