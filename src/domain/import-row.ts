// One row of an import: the header's names, and the cells of a row read into fields, with every error of it by field name.

import { checkCredentialKind, checkPassword, parseNtHash } from './credential.ts'
import type { NewCredential } from './credential.ts'
import { checkName, FieldError, quote } from './field.ts'
import { ImportFileError } from './import-file.ts'
import type { Settings } from './setting.ts'
import { readSubscriberFields } from './subscriber-fields.ts'
import type { FieldNames, SubscriberFields } from './subscriber-fields.ts'

/** The columns a file may have, in any order. */
export const importColumns = [
  'username',
  'password',
  'nt_hash',
  'plan',
  'expires_at',
  'full_name',
  'phone',
  'email',
  'address',
  'account_type',
  'mac',
  'static_ip',
  'circuit_id',
  'remote_id',
  'duid',
  'bound_interface',
  'port',
  's_vlan',
  'c_vlan',
  'owner',
  'group',
] as const
export type ImportColumn = (typeof importColumns)[number]

export const columnNames: FieldNames = {
  username: 'username',
  expiresAt: 'expires_at',
  accountType: 'account_type',
  mac: 'mac',
  staticIp: 'static_ip',
  circuitId: 'circuit_id',
  remoteId: 'remote_id',
  duid: 'duid',
  boundInterface: 'bound_interface',
  port: 'port',
  sVlan: 's_vlan',
  cVlan: 'c_vlan',
  fullName: 'full_name',
  phone: 'phone',
  email: 'email',
  address: 'address',
}

/** A row that may be written once its names are found; `line` as a text editor counts, the header is 1. */
export type ImportRow = {
  line: number
  fields: SubscriberFields
  credential: NewCredential | undefined
  plan: string
  /** Empty: the ISP. */
  owner: string
  /** Empty: none. */
  group: string
}

export type Header = Partial<Record<ImportColumn, number>>

/** The place of each column. Unknown, doubled or missing names throw ImportFileError naming all of them. */
export function readHeader(cells: readonly string[]): Header {
  const names = cells.map((cell) => cell.trim().toLowerCase())
  const isKnown = (name: string): name is ImportColumn => importColumns.some((column) => column === name)
  const unknown = names.filter((name) => !isKnown(name))
  if (unknown.length > 0) {
    throw new ImportFileError(
      1,
      `no such column: ${unknown.map(quote).join(', ')}; there are ${importColumns.join(', ')}`,
    )
  }
  const doubled = names.filter((name, at) => names.indexOf(name) !== at)
  if (doubled.length > 0) throw new ImportFileError(1, `the header names ${doubled.map(quote).join(', ')} twice`)
  const missing = ['username', 'plan'].filter((name) => !names.includes(name))
  if (missing.length > 0) throw new ImportFileError(1, `the header lacks ${missing.join(' and ')}`)
  return Object.fromEntries(names.map((name, at) => [name, at]))
}

/** Reads one row; `errors` holds every error of it. The settings decide zone, phone numbers and credential kinds. */
export function readRow(
  header: Header,
  line: number,
  cells: readonly string[],
  settings: Settings,
): { row: ImportRow; errors: FieldError[] } {
  const cell = (column: ImportColumn): string => {
    const at = header[column]
    return at === undefined ? '' : (cells[at] ?? '')
  }
  const { fields, errors } = readSubscriberFields(
    {
      username: cell('username'),
      expiresAt: cell('expires_at'),
      accountType: cell('account_type'),
      mac: cell('mac'),
      staticIp: cell('static_ip'),
      circuitId: cell('circuit_id'),
      remoteId: cell('remote_id'),
      duid: cell('duid'),
      boundInterface: cell('bound_interface'),
      port: cell('port'),
      sVlan: cell('s_vlan'),
      cVlan: cell('c_vlan'),
      fullName: cell('full_name'),
      phone: cell('phone'),
      email: cell('email'),
      address: cell('address'),
    },
    columnNames,
    settings,
  )
  const width = Object.keys(header).length
  if (cells.length !== width) errors.push(new FieldError('row', `has ${cells.length} cells, the header has ${width}`))
  const plan = cell('plan').trim()
  if (plan === '') errors.push(new FieldError('plan', 'is empty'))
  const credential = collect(errors, () => readCredential(cell('password'), cell('nt_hash').trim(), fields, settings))
  const group = collect(errors, () => (cell('group').trim() === '' ? '' : checkName('group', cell('group')))) ?? ''
  return { row: { line, fields, credential, plan, owner: cell('owner').trim(), group }, errors }
}

/** A password is taken as it stands, blanks and all: it is compared octet by octet. */
function readCredential(
  password: string,
  ntHash: string,
  fields: SubscriberFields,
  settings: Settings,
): NewCredential | undefined {
  if (password !== '' && ntHash !== '') throw new FieldError('nt_hash', 'stands in place of a password, not beside it')
  if (ntHash !== '') {
    const octets = parseNtHash('nt_hash', ntHash)
    checkCredentialKind('nt-hash', settings.auth_methods)
    return { kind: 'nt-hash', ntHash: octets }
  }
  if (password !== '') return { kind: 'clear', password: checkPassword('password', password) }
  if (fields.accountType === 'ipoe') return undefined
  throw new FieldError('password', 'is empty, and so is nt_hash: one of them is needed')
}

function collect<T>(errors: FieldError[], read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
    errors.push(error)
    return undefined
  }
}
