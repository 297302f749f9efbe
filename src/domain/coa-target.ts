// Where the orders of a NAS go: its address and port, the secrets, from which address of ours (decision 16), and what it refused.

import type { Pool } from '../db/pool.ts'
import type { Keyring } from './data-key.ts'
import type { CannotChange } from './nas-capability.ts'
import { openSecrets, readNas, selectNas, validSecretsSql } from './nas-registry.ts'
import type { NasColumns, SealedSecrets } from './nas-registry.ts'
import type { Nas } from './nas.ts'

export type CoaTarget = {
  readonly nas: Nas
  /** Undefined: nobody knows where it is. */
  readonly address: string | undefined
  readonly port: number
  /** Those that are valid and can be opened, newest first: while a rotation runs the NAS may have either. */
  readonly secrets: readonly Buffer[]
  /** Ours, to which it speaks; undefined: not heard yet. */
  readonly heardOn: string | undefined
  /** That it changes nothing live; undefined: nothing of that is known. */
  readonly cannotChange: CannotChange | undefined
}

type Row = NasColumns & {
  coa_address: string | null
  coa_port: number
  source: string | null
  heard_on: string | null
  only_host: string | null
  cannot_change_since: Date | null
  refused_cause: number | null
  learnt_at: Date | null
} & SealedSecrets

/** The target of a NAS as it is now; undefined where there is no such NAS. */
export async function findCoaTarget(
  pool: Pool,
  keyring: Keyring,
  nasId: bigint,
  now: Date,
): Promise<CoaTarget | undefined> {
  const { rows } = await pool.query<Row>({
    name: 'find-coa-target',
    text: `select nas.*, host(device.coa_address) as coa_address, device.coa_port, host(contact.source) as source,
        host(contact.heard_on) as heard_on,
        case when masklen(client.prefix) = case family(client.prefix) when 4 then 32 else 128 end
          then host(client.prefix) end as only_host,
        capability.cannot_change_since, capability.error_cause as refused_cause, capability.learnt_at,
        ${validSecretsSql('client.id', '$2')}
      from (${selectNas} where n.id = $1) nas
      join nas device on device.id = nas.id join radius_client client on client.id = nas.client_id
      left join nas_contact contact on contact.nas_id = nas.id
      left join nas_capability capability on capability.nas_id = nas.id`,
    values: [nasId, now],
  })
  const row = rows[0]
  if (row === undefined) return undefined
  return {
    nas: readNas(row),
    address: row.coa_address ?? row.source ?? row.only_host ?? row.address ?? undefined,
    port: row.coa_port,
    // One that cannot be opened is told by the process that reads the registry.
    secrets: openSecrets(keyring, row, () => undefined),
    heardOn: row.heard_on ?? undefined,
    cannotChange: readRefusal(row),
  }
}

function readRefusal(row: Row): CannotChange | undefined {
  const { cannot_change_since: since, refused_cause: errorCause, learnt_at: learntAt } = row
  return since === null || errorCause === null || learntAt === null ? undefined : { since, errorCause, learntAt }
}
