// What can be exported beside subscribers: sessions, ledger, access log, audit trail, operators. Each says its columns, its rows in
// reach of an author, and by which time they are narrowed; one reader serves them all.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Pool } from '../../db/pool.ts'
import type { Author } from '../author.ts'
import { formatMoney } from '../money.ts'
import type { Permission } from '../operator/permission.ts'
import { ownedInScope, subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { shownRows, withRows } from './rows.ts'
import { isoOfText } from './subscriber-columns.ts'
import type { Table, TableColumn, TableValue } from './table.ts'

type NounColumn = TableColumn & { sql: RawBuilder<unknown>; show?(value: string): TableValue }

type Noun = {
  permission: Permission
  columns: readonly NounColumn[]
  from: RawBuilder<unknown>
  /** What `from` and `to` narrow. */
  time: RawBuilder<unknown>
  order: RawBuilder<unknown>
  inReach(scope: Scope): RawBuilder<boolean>
}

const text = (name: string, value: RawBuilder<unknown>, width = 20): NounColumn => ({
  name,
  kind: 'text',
  width,
  sql: value,
})
const number = (name: string, value: RawBuilder<unknown>, width = 12): NounColumn => ({
  name,
  kind: 'number',
  width,
  sql: value,
})
const instant = (name: string, value: RawBuilder<unknown>): NounColumn => ({
  name,
  kind: 'text',
  width: 25,
  sql: value,
  show: isoOfText,
})
/** Minor units and their currency, told in major units. */
const money = (name: string, minor: RawBuilder<unknown>, currency: RawBuilder<unknown>): NounColumn => ({
  name,
  kind: 'number',
  width: 14,
  sql: sql`${minor}::text || ' ' || ${currency}`,
  show(value) {
    const [amount, code] = value.split(' ')
    return formatMoney(BigInt(amount!), code!)
  },
})

/** A row of somebody else's subscriber, or of nobody, is not a reseller's to see. */
function ofSubscriberInScope(scope: Scope): RawBuilder<boolean> {
  const isOpen = scope.ownerId === undefined && scope.zones === undefined
  return isOpen ? sql<boolean>`true` : sql<boolean>`(subscriber.id is not null and ${subscriberInScope(scope)})`
}

const sessionColumns = sql`started_at, ended_at, ended_by, subscriber_id, username, nas_id, acct_session_id, mac, interface, port,
  s_vlan, c_vlan, framed_ip, framed_ipv6_prefix, delegated_ipv6_prefix, framed_ipv6_address, session_time, input_octets,
  output_octets, service`

const nouns = {
  sessions: {
    permission: 'subscriber.read',
    columns: [
      instant('started_at', sql`session.started_at`),
      instant('ended_at', sql`session.ended_at`),
      text('ended_by', sql`session.ended_by`, 12),
      text('username', sql`session.username`),
      text('nas', sql`nas.name`),
      text('acct_session_id', sql`session.acct_session_id`),
      text('mac', sql`session.mac`, 18),
      text('interface', sql`session.interface`),
      text('port', sql`session.port`, 12),
      number('s_vlan', sql`session.s_vlan`, 8),
      number('c_vlan', sql`session.c_vlan`, 8),
      text('ip_address', sql`host(session.framed_ip)`, 16),
      text('ipv6_prefix', sql`session.framed_ipv6_prefix`),
      text('delegated_ipv6_prefix', sql`session.delegated_ipv6_prefix`),
      text('ipv6_address', sql`host(session.framed_ipv6_address)`),
      number('seconds', sql`session.session_time`),
      // What the NAS takes in is what the subscriber sends (RFC 2866 §5.3).
      number('octets_up', sql`session.input_octets`, 18),
      number('octets_down', sql`session.output_octets`, 18),
    ],
    from: sql`(select ${sessionColumns} from session union all select ${sessionColumns} from session_archive) session
      left join nas on nas.id = session.nas_id left join subscriber on subscriber.id = session.subscriber_id`,
    time: sql`session.started_at`,
    order: sql`session.started_at, session.acct_session_id`,
    inReach: (scope) => sql<boolean>`(session.service is null and ${ofSubscriberInScope(scope)})`,
  },
  ledger: {
    permission: 'money.read',
    columns: [
      instant('at', sql`ledger_transaction.at`),
      number('id', sql`ledger_transaction.id`),
      text('kind', sql`ledger_transaction.kind`, 12),
      text('owner', sql`organisation.name`),
      text('payer', sql`payer.name`),
      text('username', sql`subscriber.username`),
      money('amount', sql`ledger_transaction.amount_minor`, sql`ledger_transaction.currency`),
      money('balance_after', sql`ledger_transaction.balance_after_minor`, sql`ledger_transaction.currency`),
      text('currency', sql`ledger_transaction.currency`, 8),
      text('source', sql`nullif(ledger_transaction.source, '')`),
      text('external_reference', sql`ledger_transaction.external_reference`),
      text('note', sql`ledger_transaction.note`, 30),
      text('reason', sql`ledger_transaction.reason`, 30),
      number('reverses_id', sql`ledger_transaction.reverses_id`),
      number('refunds_id', sql`ledger_transaction.refunds_id`),
      instant('period_starts_at', sql`ledger_transaction.period_starts_at`),
      instant('period_ends_at', sql`ledger_transaction.period_ends_at`),
      text('author', sql`ledger_transaction.author_name`),
    ],
    from: sql`ledger_transaction join organisation on organisation.id = ledger_transaction.owner_id
      left join payer on payer.id = ledger_transaction.payer_id
      left join subscriber on subscriber.id = ledger_transaction.subscriber_id`,
    time: sql`ledger_transaction.at`,
    order: sql`ledger_transaction.id`,
    inReach: (scope) => sql<boolean>`(${ownedInScope(scope, 'ledger_transaction.owner_id')}
      and ${scope.zones === undefined ? sql`true` : ofSubscriberInScope(scope)})`,
  },
  'access-log': {
    permission: 'log.read',
    columns: [
      instant('first_at', sql`access_log.first_at`),
      instant('last_at', sql`access_log.last_at`),
      number('count', sql`access_log.count`, 8),
      text('username', sql`access_log.username`),
      text('accepted', sql`access_log.accepted`, 8),
      text('reason', sql`access_log.reason`),
      text('detail', sql`access_log.detail`, 40),
      text('method', sql`access_log.method`, 10),
      text('nas', sql`nas.name`),
      text('line', sql`access_log.line`),
      text('interface', sql`access_log.interface`),
    ],
    from: sql`access_log left join nas on nas.id = access_log.nas_id
      left join subscriber on subscriber.id = access_log.subscriber_id`,
    time: sql`access_log.last_at`,
    order: sql`access_log.last_at`,
    inReach: ofSubscriberInScope,
  },
  audit: {
    permission: 'audit.read',
    columns: [
      number('id', sql`audit_entry.id`),
      instant('at', sql`audit_entry.at`),
      text('author_kind', sql`audit_entry.author_kind`, 12),
      text('author', sql`audit_entry.author_name`),
      text('viewed_by', sql`audit_entry.viewed_by`),
      text('address', sql`host(audit_entry.address)`, 16),
      text('request_id', sql`audit_entry.request_id`, 36),
      text('action', sql`audit_entry.action`),
      text('noun', sql`audit_entry.noun`, 14),
      number('row_id', sql`audit_entry.row_id`),
      text('before', sql`audit_entry.before`, 40),
      text('after', sql`audit_entry.after`, 40),
    ],
    from: sql`audit_entry`,
    time: sql`audit_entry.at`,
    order: sql`audit_entry.id`,
    inReach: (scope) => ownedInScope(scope, 'audit_entry.owner_id'),
  },
  operators: {
    permission: 'operator.read',
    columns: [
      text('email', sql`operator.email`, 30),
      text('name', sql`operator.name`),
      text('phone', sql`operator.phone`, 18),
      text('role', sql`role.name`),
      text('organisation', sql`organisation.name`),
      text('team', sql`team.name`),
      text('enabled', sql`operator.enabled`, 8),
      text('second_factor', sql`operator.totp_enabled_at is not null`, 14),
      text('language', sql`operator.language`, 10),
      instant('created_at', sql`operator.created_at`),
      instant('last_login_at', sql`operator.last_login_at`),
    ],
    from: sql`operator join role on role.id = operator.role_id
      join organisation on organisation.id = operator.organisation_id left join team on team.id = operator.team_id`,
    time: sql`operator.created_at`,
    order: sql`operator.id`,
    inReach: (scope) =>
      sql<boolean>`(operator.archived_at is null and ${ownedInScope(scope, 'operator.organisation_id')})`,
  },
} as const satisfies Record<string, Noun>

export type ExportNoun = keyof typeof nouns

/** What can be exported, by name. */
export const exportNouns = Object.keys(nouns) as ExportNoun[]

/** What it takes to see these, beyond exporting. */
export function nounPermission(noun: ExportNoun): Permission {
  return nouns[noun].permission
}

/** Hands the table of a noun to `use`, which must read it to its end before it resolves. */
export function withNoun<T>(
  pool: Pool,
  input: { noun: ExportNoun; from?: Date | undefined; to?: Date | undefined },
  by: Pick<Author, 'scope' | 'keyring'>,
  use: (table: Table) => Promise<T>,
): Promise<T> {
  const noun: Noun = nouns[input.noun]
  const { columns } = noun
  const select = sql.join(columns.map((column) => sql`(${column.sql})::text`))
  const since = input.from === undefined ? sql`true` : sql`${noun.time} >= ${input.from}::timestamptz`
  const until = input.to === undefined ? sql`true` : sql`${noun.time} < ${input.to}::timestamptz`
  const query = sql`
    select ${select} from ${noun.from}
    where ${noun.inReach(by.scope)} and ${since} and ${until} order by ${noun.order}`
  return withRows(pool, by.scope, query, (batches) =>
    use({ columns, batches: shownRows(batches, columns, by.keyring) }),
  )
}
