// Clients and NASes as the packet path needs them: read whole, at start and whenever the change log names one of them.
import type { Pool } from '../db/pool.ts'
import { openFieldOr, type Keyring, type SealError } from './data-key.ts'
import type { IdentityKind } from './line.ts'
import { readNasSettings } from './nas-settings.ts'
import type { Nas, VendorName } from './nas.ts'
import { readUnknownGarden } from './unknown-garden.ts'

export type ClientRow = {
  id: bigint
  name: string
  /** CIDR text. */
  prefix: string
  defaultVendor: VendorName
  newNas: 'allow' | 'refuse'
  messageAuthenticator: 'require' | 'auto' | 'off'
  messageAuthenticatorSeen: boolean
  limitProxyState: boolean
  trustedProxy: boolean
  patienceMs: number
  nasGroupId: bigint
  /** The pool that is asked for subscribers nobody knows here. */
  unknownPoolId: bigint | undefined
  /** By which certificate it is known over TLS: the SHA-256 of it, a DNS name in it. */
  radsecFingerprint: string | undefined
  radsecName: string | undefined
  /** Newest first; two while a rotation runs. */
  secrets: Buffer[]
}

export type RegistryRows = { clients: ClientRow[]; nases: Nas[] }

/** A device may be made on first sight only so often per client: an insider must not fill the table (R39). */
export const maximumNasesPerClient = 1000

/** Clients and NASes as rows, secrets still sealed: plain data that can be kept in a file. */
export type SealedRegistry = { readonly clients: readonly ClientColumns[]; readonly nases: readonly NasColumns[] }

/** Every client with its valid secrets, and every NAS, for `openRegistry`. */
export async function readRegistry(pool: Pool, now: Date): Promise<SealedRegistry> {
  const clients = await pool.query<ClientColumns>(
    `select c.id, c.name, c.prefix::text as prefix, c.default_vendor, c.new_nas, c.message_authenticator,
            c.message_authenticator_seen_at is not null as seen, c.limit_proxy_state, c.trusted_proxy, c.patience_ms,
            c.nas_group_id, c.unknown_pool_id, c.radsec_fingerprint, c.radsec_name,
            ${validSecretsSql('c.id', '$1')}
     from radius_client c order by c.id`,
    [now],
  )
  const nases = await pool.query<NasColumns>(`${selectNas} order by n.id`)
  return { clients: clients.rows, nases: nases.rows }
}

/**
 * Opens the secrets. One that cannot be opened (moved, cut, of another key) is told to `onSealError` and missing from that client
 * only.
 */
export function openRegistry(
  rows: SealedRegistry,
  keyring: Keyring,
  onSealError: (error: SealError, client: string) => void,
): RegistryRows {
  return { clients: rows.clients.map((row) => readClient(row, keyring, onSealError)), nases: rows.nases.map(readNas) }
}

/** Both. */
export async function loadRegistry(
  pool: Pool,
  keyring: Keyring,
  onSealError: (error: SealError, client: string) => void,
  now: Date,
): Promise<RegistryRows> {
  return openRegistry(await readRegistry(pool, now), keyring, onSealError)
}

/** Where the change log stands, and whether a row of the registry changed since `position`. */
export async function registryChanges(pool: Pool, position: string): Promise<{ position: string; changed: boolean }> {
  const { rows } = await pool.query<{ position: string; changed: boolean }>({
    name: 'registry-changes',
    // Up to the oldest running transaction, so that no commit is skipped (a serial number would skip late ones).
    text: `select pg_snapshot_xmin(pg_current_snapshot())::text as position,
                  exists (select from change_log l where l.changed_by >= $1::text::xid8
                          and l.table_name in ('radius_client', 'nas', 'nas_group', 'realm', 'home_server',
                                               'home_server_pool', 'ip_pool')) as changed`,
    values: [position],
  })
  return rows[0]!
}

/**
 * The device that first showed itself with this identity behind a client; the row of another instance where that was
 * quicker. Undefined when the client has too many already.
 */
export async function createNasOnSight(
  pool: Pool,
  client: ClientRow,
  identity: { identifier: string | undefined; address: string | undefined },
  now: Date,
): Promise<Nas | undefined> {
  // One key finds a device: its NAS-Identifier where it sends one, else its NAS-IP-Address.
  const address = identity.identifier === undefined ? identity.address : undefined
  const name = `${client.name}/${identity.identifier ?? address ?? 'nas'}`
  await pool.query(
    `insert into nas (client_id, name, vendor, identifier, address, nas_group_id, created_at)
     select $1, case when exists (select from nas where nas.name = $2) then $2 || ' ' || gen_random_uuid() else $2 end,
            $3, $4, $5::inet, $6, $7
     where (select count(*) from nas where nas.client_id = $1) < $8
     on conflict do nothing`,
    [
      client.id,
      name,
      client.defaultVendor,
      identity.identifier ?? null,
      address ?? null,
      client.nasGroupId,
      now,
      maximumNasesPerClient,
    ],
  )
  const { rows } = await pool.query<NasColumns>(
    `${selectNas} where n.client_id = $1 and n.identifier is not distinct from $2 and n.address is not distinct from $3::inet`,
    [client.id, identity.identifier ?? null, address ?? null],
  )
  return rows[0] && readNas(rows[0])
}

/** Latches `auto` to `require`: from now on this client must sign its Access-Requests (Blast-RADIUS, decision 6). */
export async function latchMessageAuthenticator(pool: Pool, clientId: bigint, now: Date): Promise<void> {
  await pool.query(
    `update radius_client set message_authenticator_seen_at = $2 where id = $1 and message_authenticator_seen_at is null`,
    [clientId, now],
  )
}

/** SQL: a NAS with what its group and its client say; `readNas` reads the row. */
export const selectNas = `select n.id, n.client_id, n.name, n.vendor, n.identifier, host(n.address) as address, n.nas_group_id,
  g.address_space_id, g.identity_order, g.unknown_garden, c.patience_ms, n.settings, n.attributes
  from nas n join nas_group g on g.id = n.nas_group_id join radius_client c on c.id = n.client_id`

type ClientColumns = {
  id: bigint
  name: string
  prefix: string
  default_vendor: VendorName
  new_nas: 'allow' | 'refuse'
  message_authenticator: 'require' | 'auto' | 'off'
  seen: boolean
  limit_proxy_state: boolean
  trusted_proxy: boolean
  patience_ms: number
  nas_group_id: bigint
  unknown_pool_id: bigint | null
  /** Not in what an older release kept in its file. */
  radsec_fingerprint?: string | null
  radsec_name?: string | null
} & SealedSecrets

export type NasColumns = {
  id: bigint
  client_id: bigint
  name: string
  vendor: VendorName
  identifier: string | null
  address: string | null
  nas_group_id: bigint
  address_space_id: bigint
  identity_order: IdentityKind[]
  unknown_garden: unknown
  patience_ms: number
  settings: unknown
  attributes: string[]
}

/** What `validSecretsSql` selects. */
export type SealedSecrets = { secret_ids: bigint[]; secrets: Buffer[] }

/** SQL: two columns with the secrets of a client that are valid now, newest first. */
export function validSecretsSql(clientId: string, now: string): string {
  const column = (name: string) => `array(select s.${name} from client_secret s where s.client_id = ${clientId}
    and (s.valid_until is null or s.valid_until > ${now}) order by s.id desc)`
  return `${column('id')} as secret_ids, ${column('secret')} as secrets`
}

/** Opens them; one that cannot be opened is told and missing. */
export function openSecrets(
  keyring: Keyring,
  { secret_ids: ids, secrets }: SealedSecrets,
  onSealError: (error: SealError) => void,
): Buffer[] {
  return secrets.flatMap((sealed, at) => {
    const place = { table: 'client_secret', row: ids[at]!, column: 'secret' }
    const secret = openFieldOr(keyring, place, sealed, onSealError)
    return secret === undefined ? [] : [secret]
  })
}

function readClient(
  row: ClientColumns,
  keyring: Keyring,
  onSealError: (error: SealError, client: string) => void,
): ClientRow {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    defaultVendor: row.default_vendor,
    newNas: row.new_nas,
    messageAuthenticator: row.message_authenticator,
    messageAuthenticatorSeen: row.seen,
    limitProxyState: row.limit_proxy_state,
    trustedProxy: row.trusted_proxy,
    patienceMs: row.patience_ms,
    nasGroupId: row.nas_group_id,
    unknownPoolId: row.unknown_pool_id ?? undefined,
    radsecFingerprint: row.radsec_fingerprint ?? undefined,
    radsecName: row.radsec_name ?? undefined,
    secrets: openSecrets(keyring, row, (error) => onSealError(error, row.name)),
  }
}

/** Reads a row of `selectNas`. */
export function readNas(row: NasColumns): Nas {
  const settings = readNasSettings(row.settings)
  return {
    id: row.id,
    clientId: row.client_id,
    name: row.name,
    vendor: row.vendor,
    identifier: row.identifier ?? undefined,
    address: row.address ?? undefined,
    nasGroupId: row.nas_group_id,
    addressSpaceId: row.address_space_id,
    identityOrder: row.identity_order,
    unknownGarden: readUnknownGarden(row.unknown_garden),
    settings,
    patienceMs: settings.patience_ms ?? row.patience_ms,
    attributes: row.attributes,
  }
}
