// One row of an import: its cells read into fields, with every error of it by column. What a cell says is its text, that there
// is no value (`none`), or nothing at all (empty).

import { checkCredentialKind, checkPassword, parseNtHash } from '../credential.ts'
import type { NewCredential } from '../credential.ts'
import { noneMark, unprotectText } from '../export/cell.ts'
import { checkName, FieldError } from '../field.ts'
import type { Settings } from '../setting.ts'
import { readSubscriberFields } from '../subscriber-fields.ts'
import type { FieldNames, SubscriberFields, SubscriberTexts } from '../subscriber-fields.ts'
import type { Header, ImportColumn } from './column.ts'
import { readMoreFields } from './more-fields.ts'
import type { MoreFields } from './more-fields.ts'

/** How the fields of a subscriber are called in a file. */
export const columnNames: FieldNames = {
  username: 'username',
  expiresAt: 'expires_at',
  accountType: 'account_type',
  mac: 'bound_macs',
  staticIp: 'static_addresses',
  circuitId: 'circuit_id',
  remoteId: 'remote_id',
  duid: 'duid',
  boundInterface: 'bound_interface',
  port: 'bound_port',
  sVlan: 'bound_s_vlan',
  cVlan: 'bound_c_vlan',
  fullName: 'full_name',
  phone: 'phone',
  email: 'email',
  address: 'address',
  phoneExtension: 'phone_extension',
  latitude: 'latitude',
  longitude: 'longitude',
  zone: 'zone',
  language: 'language',
  nextPlan: 'next_plan',
  sessionLimit: 'session_limit',
  deviceLimit: 'device_limit',
  attributes: 'attributes',
}

/** `none`: it says that there is no value. */
export type Value = { kind: 'text'; text: string } | { kind: 'none' }
/** What a row says of columns; those it says nothing of are not there. */
export type Values = ReadonlyMap<ImportColumn, Value>

/** A row that may be written once its names are found; `line` as a text editor counts, the header is 1. */
export type ImportRow = {
  line: number
  fields: SubscriberFields
  more: MoreFields
  credential: NewCredential | undefined
  /** Names; empty: none. */
  plan: string
  /** Empty: the importer's own organisation. */
  owner: string
  group: string
  payer: string
  nasGroup: string
  values: Values
}

export type RowOptions = {
  settings: Settings
  /** Whether extra attributes exist and fit; undefined: nobody can say. */
  checkAttribute?: ((texts: readonly string[]) => string | undefined) | undefined
  /** Of a subscriber that is there already a row need not say everything. */
  credentialOptional?: boolean
}

/** Always taken as they stand: in them the mark would be a value. */
const literal: readonly ImportColumn[] = ['username', 'password', 'nt_hash']

/** What the cells of a row say. */
export function readValues(header: Header, cells: readonly string[]): Map<ImportColumn, Value> {
  const values = new Map<ImportColumn, Value>()
  for (const [column, at] of Object.entries(header.places) as [ImportColumn, number][]) {
    const cell = cells[at] ?? ''
    if (cell === '') continue
    if (cell === noneMark && !literal.includes(column)) values.set(column, { kind: 'none' })
    else values.set(column, { kind: 'text', text: unprotectText(cell) })
  }
  return values
}

/** Reads one row; `errors` holds every error of it. The settings decide zone, phone numbers and credential kinds. */
export function readRow(line: number, values: Values, options: RowOptions): { row: ImportRow; errors: FieldError[] } {
  const { settings } = options
  const text = (column: ImportColumn): string => {
    const value = values.get(column)
    return value?.kind === 'text' ? value.text : ''
  }
  const { fields, errors } = readSubscriberFields(textsOf(text), columnNames, {
    ...settings,
    ...(options.checkAttribute === undefined ? {} : { checkAttribute: options.checkAttribute }),
  })
  const more = readMoreFields(values, options, errors)
  for (const [column, value] of values) {
    // Postgres keeps no NUL in a text; what has one was never typed by anybody.
    if (value.kind === 'text' && value.text.includes('\0')) errors.push(new FieldError(column, 'has a NUL character'))
  }
  if (options.checkAttribute === undefined && fields.attributes.length > 0) {
    errors.push(new FieldError('attributes', 'cannot be checked here, and so not be taken'))
  }
  const name = (column: ImportColumn): string => text(column).trim()
  if (name('plan') === '') errors.push(new FieldError('plan', 'is empty'))
  const credential = collect(errors, () => readCredential(text('password'), name('nt_hash'), fields, options))
  const group = collect(errors, () => (name('group') === '' ? '' : checkName('group', name('group')))) ?? ''
  const payer = collect(errors, () => (name('payer') === '' ? '' : checkName('payer', name('payer')))) ?? ''
  return {
    row: {
      line,
      fields,
      more,
      credential,
      plan: name('plan'),
      owner: name('owner'),
      group,
      payer,
      nasGroup: name('bound_nas_group'),
      values,
    },
    errors,
  }
}

function textsOf(text: (column: ImportColumn) => string): SubscriberTexts {
  return {
    username: text('username'),
    expiresAt: text('expires_at'),
    accountType: text('account_type'),
    mac: text('bound_macs'),
    staticIp: text('static_addresses'),
    circuitId: text('circuit_id'),
    remoteId: text('remote_id'),
    duid: text('duid'),
    boundInterface: text('bound_interface'),
    port: text('bound_port'),
    sVlan: text('bound_s_vlan'),
    cVlan: text('bound_c_vlan'),
    fullName: text('full_name'),
    phone: text('phone'),
    email: text('email'),
    address: text('address'),
    phoneExtension: text('phone_extension'),
    latitude: text('latitude'),
    longitude: text('longitude'),
    zone: text('zone'),
    language: text('language'),
    nextPlan: text('next_plan'),
    sessionLimit: text('session_limit'),
    deviceLimit: text('device_limit'),
    attributes: text('attributes'),
  }
}

/** A password is taken as it stands, blanks and all: it is compared octet by octet. */
function readCredential(
  password: string,
  ntHash: string,
  fields: SubscriberFields,
  { settings, credentialOptional }: RowOptions,
): NewCredential | undefined {
  if (password !== '' && ntHash !== '') throw new FieldError('nt_hash', 'stands in place of a password, not beside it')
  if (ntHash !== '') {
    const octets = parseNtHash('nt_hash', ntHash)
    checkCredentialKind('nt-hash', settings.auth_methods)
    return { kind: 'nt-hash', ntHash: octets }
  }
  if (password !== '') return { kind: 'clear', password: checkPassword('password', password) }
  if (fields.accountType === 'ipoe' || credentialOptional === true) return undefined
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
