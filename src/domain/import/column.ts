// The columns of a file of subscribers: what each may be called in files of other systems, and what a person must be permitted
// to fill it with. An export has the same columns under the same names.

import { quote } from '../field.ts'
import type { Permission } from '../operator/permission.ts'
import { subscriberColumnNames } from '../subscriber-list/columns.ts'
import { ImportFileError } from './file-error.ts'

type ColumnRules = {
  /** Other names, in lower case with underscores: ours of before, and those of other systems. */
  aliases?: readonly string[]
  /** Of who changes it; and of who names it for a new subscriber, where `create` says so. */
  permission: Permission
  create?: true
}

const network = 'subscriber.network'
const service = 'service.free'

/** In the order of an export. */
const columns = {
  username: { aliases: ['user', 'user_name', 'login', 'userid', 'pppoe_username'], permission: 'subscriber.edit' },
  password: {
    aliases: ['pass', 'cleartext_password', 'user_password', 'pppoe_password', 'portal_password'],
    permission: 'subscriber.credential',
  },
  nt_hash: { aliases: ['nt_password'], permission: 'subscriber.credential' },
  plan: {
    aliases: ['groupname', 'profile', 'package', 'tariff', 'tariff_plan', 'service_plan', 'srvname', 'planname'],
    // In a file it is changed as it stands, at no price.
    permission: service,
  },
  next_plan: { permission: 'service.renew', create: true },
  expires_at: {
    aliases: ['expiration', 'expiry', 'expires', 'expiration_date', 'expire_date', 'expire_time', 'valid_until'],
    permission: service,
  },
  grace_until: { permission: service, create: true },
  activated_at: { permission: service, create: true },
  period_started_at: { permission: service, create: true },
  auto_renew: { permission: 'service.renew' },
  enabled: { permission: 'subscriber.block' },
  block_reason: { permission: 'subscriber.block' },
  blocked_at: { permission: 'subscriber.block', create: true },
  full_name: {
    aliases: ['name', 'fullname', 'realname', 'customer_name', 'client_name', 'contact_name'],
    permission: 'subscriber.edit',
  },
  phone: {
    aliases: ['mobile', 'mobilephone', 'mobile_phone', 'phonenumber', 'phone_number', 'tel', 'contact_phone'],
    permission: 'subscriber.edit',
  },
  phone_extension: { aliases: ['extension'], permission: 'subscriber.edit' },
  email: { aliases: ['mail', 'e_mail', 'email_address', 'contact_email'], permission: 'subscriber.edit' },
  address: { aliases: ['street', 'street_1', 'full_address'], permission: 'subscriber.edit' },
  latitude: { aliases: ['lat', 'gps_lat'], permission: 'subscriber.edit' },
  longitude: { aliases: ['lon', 'lng', 'gps_lon', 'gps_lng'], permission: 'subscriber.edit' },
  zone: { aliases: ['area'], permission: 'subscriber.edit' },
  language: { aliases: ['lang', 'locale'], permission: 'subscriber.edit' },
  account_type: { aliases: ['service_type'], permission: network },
  bound_macs: {
    aliases: ['mac', 'mac_address', 'macs', 'calling_station_id', 'callingstationid', 'caller_id'],
    permission: network,
  },
  learnt_macs: { permission: network },
  static_addresses: {
    aliases: ['static_ip', 'framed_ip_address', 'framedipaddress', 'remote_address', 'ipv4', 'static_ip_address'],
    permission: network,
  },
  routes: { aliases: ['framed_route'], permission: network },
  attributes: { aliases: ['reply_attributes'], permission: network },
  session_limit: { aliases: ['simultaneous_use', 'session_number'], permission: network },
  device_limit: { permission: network },
  circuit_id: { permission: network },
  remote_id: { permission: network },
  duid: { permission: network },
  bound_interface: { permission: network },
  bound_port: { aliases: ['port'], permission: network },
  bound_s_vlan: { aliases: ['s_vlan'], permission: network },
  bound_c_vlan: { aliases: ['c_vlan'], permission: network },
  bound_nas_group: { permission: network },
  owner: { aliases: ['reseller', 'partner', 'organisation'], permission: 'subscriber.owner' },
  payer: { permission: 'subscriber.owner' },
  group: { aliases: ['group_name', 'customer_group'], permission: 'subscriber.edit' },
  created_at: {
    aliases: ['creationdate', 'created', 'created_on', 'date_add', 'register_date', 'registered'],
    permission: 'subscriber.owner',
    create: true,
  },
} as const satisfies Record<string, ColumnRules>

export type ImportColumn = keyof typeof columns

/** Every column by its name, in the order of an export. */
export const importColumns = Object.keys(columns) as readonly ImportColumn[]

/** What it may be called besides, in files of other systems: in lower case with underscores. */
export function otherNames(column: ImportColumn): readonly string[] {
  const rules: ColumnRules = columns[column]
  return rules.aliases ?? []
}

/** What a person needs to change this of a subscriber. */
export function changePermission(column: ImportColumn): Permission {
  return columns[column].permission
}

/** What a person needs, beyond adding subscribers, to name this for a new one; undefined: nothing. */
export function createPermission(column: ImportColumn): Permission | undefined {
  const rules: ColumnRules = columns[column]
  return rules.create === true ? rules.permission : undefined
}

/** What the list calls by a name that means something else in a file that is read. */
const liveNames = ['mac', 'port', 's_vlan', 'c_vlan', 'interface', 'nas_group'] as const

/** How a column of the list is called in the header of a file. */
export function headerName(column: string): string {
  return liveNames.some((name) => name === column) ? `live_${column}` : column
}

const columnByName = new Map<string, ImportColumn>(
  importColumns.flatMap((column) => {
    const rules: ColumnRules = columns[column]
    return [column, ...(rules.aliases ?? [])].map((name) => [name, column] as const)
  }),
)
/** What an export may hold that nobody can set. */
const shownOnly = new Set([...subscriberColumnNames.map(headerName), 'comments'])

/** Where the columns of ours stand in the rows of a file. */
export type Header = {
  places: Partial<Record<ImportColumn, number>>
  /** What the file calls a column, for messages. */
  names: Partial<Record<ImportColumn, string>>
  /** Cells of a row. */
  width: number
  /** Columns that are there and not read. */
  ignored: string[]
}

export type HeaderOptions = {
  /** A file's own name to ours; empty: the column is not read. Names are compared without case. */
  mapping?: Readonly<Record<string, string>> | undefined
  required: readonly ImportColumn[]
}

/** The place of each column. Unknown, doubled or missing names throw ImportFileError naming all of them. */
export function readHeader(cells: readonly string[], options: HeaderOptions): Header {
  const mapping = new Map(Object.entries(options.mapping ?? {}).map(([from, to]) => [plainName(from), to]))
  const header: Header = { places: {}, names: {}, width: cells.length, ignored: [] }
  const unknown: string[] = []
  const doubled: string[] = []
  for (const [at, cell] of cells.entries()) {
    const name = plainName(cell)
    const column = mapping.has(name) ? mapped(mapping.get(name)!) : columnOf(name)
    if (column === 'unknown') unknown.push(cell.trim().toLowerCase())
    else if (column === 'ignored') header.ignored.push(cell.trim())
    else if (header.places[column] !== undefined) doubled.push(cell.trim().toLowerCase())
    else {
      header.places[column] = at
      header.names[column] = cell.trim().toLowerCase()
    }
  }
  if (unknown.length > 0) {
    const names = unknown.slice(0, 20).map(quote).join(', ')
    throw new ImportFileError(1, `no such column: ${names}; there are ${importColumns.join(', ')}`)
  }
  if (doubled.length > 0) throw new ImportFileError(1, `the header names ${doubled.map(quote).join(', ')} twice`)
  const missing = options.required.filter((column) => header.places[column] === undefined)
  if (missing.length > 0) throw new ImportFileError(1, `the header lacks ${missing.join(' and ')}`)
  return header
}

/** The columns of ours that a mapping names and that there are not. */
export function unknownTargets(mapping: Readonly<Record<string, string>>): string[] {
  return Object.values(mapping).filter((name) => name !== '' && columnOf(plainName(name)) === 'unknown')
}

function mapped(name: string): ImportColumn | 'ignored' | 'unknown' {
  return name === '' ? 'ignored' : (columnByName.get(plainName(name)) ?? 'unknown')
}

function columnOf(name: string): ImportColumn | 'ignored' | 'unknown' {
  const column = importColumns.find((one) => one === name)
  if (column !== undefined) return column
  return columnByName.get(name) ?? (shownOnly.has(name) ? 'ignored' : 'unknown')
}

function plainName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_')
}
