// The columns of a batch of accounting records as arrays for Postgres: the driver would look at every value for quotes.

import { arrayLiteral, textArrayLiteral } from '../db/array-literal.ts'
import type { AccountingRecord } from './accounting-record.ts'
import { recordStart } from './accounting-record.ts'

type Value = string | number | bigint | boolean | Date | undefined
type Column = {
  name: string
  type: string
  value: (record: AccountingRecord) => Value
  /** Of few lines: a batch without any such value takes a statement without these columns. */
  rare?: true
}

/** One array parameter of the statement each, in this order. */
export const recordColumns: readonly Column[] = [
  { name: 'nas_id', type: 'bigint', value: (record) => record.nas.id },
  { name: 'acct_session_id', type: 'text', value: (record) => record.acctSessionId },
  { name: 'status', type: 'text', value: (record) => record.status },
  { name: 'class_id', type: 'bigint', value: (record) => record.class?.classId },
  {
    name: 'told_subscriber_id',
    type: 'bigint',
    value: (record) => record.class?.subscriberId ?? record.lineSubscriberId,
  },
  { name: 'username', type: 'text', value: (record) => record.username },
  { name: 'sent_username', type: 'text', value: (record) => record.sentUsername, rare: true },
  { name: 'nas_group_id', type: 'bigint', value: (record) => record.nas.nasGroupId },
  { name: 'address_space_id', type: 'bigint', value: (record) => record.nas.addressSpaceId },
  { name: 'line', type: 'text', value: (record) => record.line },
  { name: 'mac', type: 'macaddr', value: (record) => record.mac },
  { name: 'interface', type: 'text', value: (record) => record.interface?.raw },
  { name: 'port', type: 'text', value: (record) => record.interface?.port, rare: true },
  { name: 's_vlan', type: 'integer', value: (record) => record.interface?.sVlan, rare: true },
  { name: 'c_vlan', type: 'integer', value: (record) => record.interface?.cVlan },
  { name: 'circuit_id', type: 'bytea', value: (record) => octetText(record.circuitId), rare: true },
  { name: 'remote_id', type: 'bytea', value: (record) => octetText(record.remoteId), rare: true },
  { name: 'duid', type: 'bytea', value: (record) => octetText(record.duid), rare: true },
  { name: 'service', type: 'text', value: (record) => record.service?.service, rare: true },
  { name: 'parent_session_id', type: 'text', value: (record) => record.service?.parentSessionId, rare: true },
  { name: 'framed_ip', type: 'inet', value: (record) => record.addresses.framedIp },
  { name: 'framed_ipv6_prefix', type: 'inet', value: (record) => record.addresses.framedIpv6Prefix, rare: true },
  { name: 'delegated_ipv6_prefix', type: 'inet', value: (record) => record.addresses.delegatedIpv6Prefix, rare: true },
  { name: 'framed_ipv6_address', type: 'inet', value: (record) => record.addresses.framedIpv6Address, rare: true },
  { name: 'framed_interface_id', type: 'text', value: (record) => record.addresses.framedInterfaceId, rare: true },
  { name: 'event_at', type: 'instant', value: (record) => record.eventAt },
  // Null: not known.
  { name: 'record_start', type: 'instant', value: recordStart },
  { name: 'session_time', type: 'bigint', value: (record) => record.sessionTime },
  { name: 'input_octets', type: 'bigint', value: (record) => record.inputOctets },
  { name: 'output_octets', type: 'bigint', value: (record) => record.outputOctets },
  { name: 'input_packets', type: 'bigint', value: (record) => record.inputPackets },
  { name: 'output_packets', type: 'bigint', value: (record) => record.outputPackets },
  { name: 'gigawords', type: 'boolean', value: (record) => record.gigawords },
  { name: 'terminate_cause', type: 'integer', value: (record) => record.terminateCause },
  { name: 'multi_session_id', type: 'text', value: (record) => record.multiSessionId, rare: true },
  { name: 'interim_interval_s', type: 'integer', value: (record) => record.interimIntervalS },
  { name: 'flag', type: 'text', value: (record) => record.flag && `${record.flag}: ${record.raw ?? ''}` },
]

/** Those of almost every record. */
export const commonColumns: readonly Column[] = recordColumns.filter((column) => column.rare !== true)

/** The columns that a batch needs. */
export function columnsOf(records: readonly AccountingRecord[]): readonly Column[] {
  const rare = recordColumns.some(
    (column) => column.rare === true && records.some((one) => column.value(one) !== undefined),
  )
  return rare ? recordColumns : commonColumns
}

/** The columns of `rows` with instants as they are meant: Postgres reads a number of seconds at a third of what a text costs. */
export function columnsSql(columns: readonly Column[], rows: string): string {
  return columns
    .map(({ name, type }) => (type === 'instant' ? `to_timestamp(${rows}.${name}) as ${name}` : `${rows}.${name}`))
    .join(', ')
}

/** The parameters as arrays, from `$first` on. */
export function arraysSql(columns: readonly Column[], first: number): string {
  return columns
    .map(({ type }, index) => `$${first + index}::${type === 'instant' ? 'double precision' : type}[]`)
    .join(', ')
}

/** One column of a batch as an array literal. */
export function arrayOf(records: readonly AccountingRecord[], { type, value }: Column): string {
  // Most lines lack most attributes: unnest fills a shorter array up with null.
  if (records.every((record) => value(record) === undefined)) return '{}'
  if (type === 'text') return textArrayLiteral(records.map((record) => asText(value(record))))
  return arrayLiteral(
    records.map((record) => {
      const found = value(record)
      return found instanceof Date ? found.getTime() / 1000 : found
    }),
  )
}

/** As an array literal takes bytea: the backslash of its hex form is escaped. */
function octetText(octets: Buffer | undefined): string | undefined {
  return octets && `\\\\x${octets.toString('hex')}`
}

function asText(value: Value): string | undefined {
  return value === undefined ? undefined : String(value)
}
