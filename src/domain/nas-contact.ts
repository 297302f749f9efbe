// Where each NAS speaks from and to which address of ours: a NAS takes CoA only from the server that it sends to (decision 16).

import type { Pool } from '../db/pool.ts'
import { textArrayLiteral, arrayLiteral } from '../db/array-literal.ts'

/** `source`: the address its packets come from; `heardOn`: ours. */
export type NasContact = { readonly nasId: bigint; readonly source: string; readonly heardOn: string }

/** Writes where NASes speak from and to, and that they were heard now. */
export async function writeContacts(pool: Pool, contacts: readonly NasContact[], now: Date): Promise<void> {
  if (contacts.length === 0) return
  await pool.query({
    name: 'write-contacts',
    text: `insert into nas_contact (nas_id, source, heard_on, heard_at)
      select contact.nas_id, contact.source, contact.heard_on, $4
      from unnest($1::bigint[], $2::inet[], $3::inet[]) as contact (nas_id, source, heard_on)
      where exists (select from nas where nas.id = contact.nas_id)
      on conflict (nas_id) do update set source = excluded.source, heard_on = excluded.heard_on, heard_at = excluded.heard_at`,
    values: [
      arrayLiteral(contacts.map(({ nasId }) => nasId)),
      textArrayLiteral(contacts.map(({ source }) => source)),
      textArrayLiteral(contacts.map(({ heardOn }) => heardOn)),
      now,
    ],
  })
}
