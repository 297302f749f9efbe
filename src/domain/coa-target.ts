// Where the orders of a NAS go: its address and port, the secrets, and from which address of ours (decision 16).

import type { Pool } from '../db/pool.ts'
import { openFieldOr } from './data-key.ts'
import type { Keyring } from './data-key.ts'
import { readNas, selectNas } from './nas-registry.ts'
import type { NasColumns } from './nas-registry.ts'
import type { Nas } from './nas.ts'

export type CoaTarget = {
  readonly nas: Nas
  /** Undefined: nobody knows where it is. */
  readonly address: string | undefined
  readonly port: number
  /** Newest first; two while a rotation runs. */
  readonly secrets: readonly Buffer[]
  /** Ours, to which it speaks; undefined: not heard yet. */
  readonly heardOn: string | undefined
}

type Row = NasColumns & {
  coa_address: string | null
  coa_port: number
  source: string | null
  heard_on: string | null
  only_host: string | null
  secret_ids: bigint[]
  secrets: Buffer[]
}

/** The target of a NAS as it is now; undefined where there is no such NAS. A secret that cannot be opened is missing. */
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
        array(select id from client_secret where client_id = client.id and (valid_until is null or valid_until > $2)
          order by id desc) as secret_ids,
        array(select secret from client_secret where client_id = client.id and (valid_until is null or valid_until > $2)
          order by id desc) as secrets
      from (${selectNas} where n.id = $1) nas
      join nas device on device.id = nas.id join radius_client client on client.id = nas.client_id
      left join nas_contact contact on contact.nas_id = nas.id`,
    values: [nasId, now],
  })
  const row = rows[0]
  if (row === undefined) return undefined
  const open = (sealed: Buffer, at: number): Buffer[] => {
    const place = { table: 'client_secret', row: row.secret_ids[at]!, column: 'secret' }
    const secret = openFieldOr(keyring, place, sealed, () => undefined)
    return secret === undefined ? [] : [secret]
  }
  return {
    nas: readNas(row),
    address: row.coa_address ?? row.source ?? row.only_host ?? row.address ?? undefined,
    port: row.coa_port,
    secrets: row.secrets.flatMap(open),
    heardOn: row.heard_on ?? undefined,
  }
}
