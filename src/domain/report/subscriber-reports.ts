// Reports over subscribers: how many there are, how many come, renew and go, who ends soon, whose data is stale.

import { sql } from 'kysely'
import { subscriberInScope } from '../scope.ts'
import { countedInScope, integer, keyOf, text } from './report.ts'
import type { Report, ReportQuestion } from './report.ts'

const labels = ['active', 'grace', 'new', 'expired', 'blocked', 'disabled', 'archived'] as const
const countOf = (label: string) => sql`coalesce(sum(counted.count) filter (where counted.label = ${label}), 0)::bigint`
const total = sql`coalesce(sum(counted.count) filter (where counted.label <> 'archived'), 0)::bigint`
/** Rows without a key (no zone, no group) come last. */
const byKey = sql`order by 1 nulls last`

/** How many there are now, by what is asked for. */
const subscribers: Report = {
  name: 'subscribers',
  title: 'Subscribers by status',
  permission: 'report.read',
  parameters: ['by', 'to'],
  columns: ({ by }) => [keyOf(by ?? 'plan').column, integer('total'), ...labels.map(integer)],
  rows: (question) => sql`
    select ${keyOf(question.by ?? 'plan').key} as ${sql.id(keyOf(question.by ?? 'plan').column.name)}, ${total} as total,
      ${sql.join(labels.map((label) => sql`${countOf(label)} as ${sql.id(label)}`))}
    from subscriber_day counted
    where counted.day = (select max(last.day) from subscriber_day last where last.day <= ${question.to}::date)
      and ${countedInScope({ ...question, from: '0001-01-01' }, 'zone')}
    group by 1 ${byKey}`,
}

const growth: Report = {
  name: 'growth',
  title: 'Subscribers over time',
  permission: 'report.read',
  parameters: ['from', 'to'],
  columns: () => [keyOf('day').column, integer('total'), ...labels.map(integer)],
  rows: (question) => sql`
    select ${keyOf('day').key} as day, ${total} as total,
      ${sql.join(labels.map((label) => sql`${countOf(label)} as ${sql.id(label)}`))}
    from subscriber_day counted where ${countedInScope(question, 'zone')} group by 1 ${byKey}`,
}

const eventOf = (kind: string) => sql`coalesce(sum(counted.count) filter (where counted.kind = ${kind}), 0)::bigint`

/** Sign-ups and how many of them began to use their line. */
const signups: Report = {
  name: 'signups',
  title: 'Sign-ups and activations',
  permission: 'report.read',
  parameters: ['from', 'to', 'by'],
  columns: ({ by }) => [
    keyOf(by ?? 'day').column,
    integer('signups'),
    integer('activations'),
    { name: 'onboarding_rate', kind: 'percent' },
  ],
  rows: (question) => sql`
    select ${keyOf(question.by ?? 'day').key} as ${sql.id(keyOf(question.by ?? 'day').column.name)},
      ${eventOf('signup')} as signups, ${eventOf('activation')} as activations,
      round(100.0 * ${eventOf('activation')} / nullif(${eventOf('signup')}, 0), 1)::float8 as onboarding_rate
    from event_day counted
    where ${countedInScope(question, 'zone')} and counted.kind in ('signup', 'activation') group by 1 ${byKey}`,
}

const churn: Report = {
  name: 'churn',
  title: 'Subscribers lost: ended and not renewed, or deleted',
  permission: 'report.read',
  parameters: ['from', 'to', 'by'],
  columns: ({ by }) => [keyOf(by ?? 'day').column, integer('lost')],
  rows: (question) => sql`
    select ${keyOf(question.by ?? 'day').key} as ${sql.id(keyOf(question.by ?? 'day').column.name)},
      ${eventOf('churn')} as lost
    from event_day counted where ${countedInScope(question, 'zone')} and counted.kind = 'churn' group by 1 ${byKey}`,
}

const renewals: Report = {
  name: 'renewals',
  title: 'Renewals and revenue',
  permission: 'money.read',
  parameters: ['from', 'to', 'by'],
  columns: ({ by }) => [
    keyOf(by ?? 'day').column,
    integer('renewals'),
    { name: 'revenue', kind: 'money' },
    text('currency'),
  ],
  rows: (question) => sql`
    select ${keyOf(question.by ?? 'day').key} as ${sql.id(keyOf(question.by ?? 'day').column.name)},
      sum(counted.count)::bigint as renewals, sum(counted.amount_minor)::bigint as revenue, counted.currency
    from event_day counted
    where ${countedInScope(question, 'zone')} and counted.kind = 'renewal' group by 1, counted.currency ${byKey}`,
}

const contact = sql`subscriber.id, subscriber.username, subscriber.full_name, subscriber.phone, subscriber.email,
  plan.name as plan`
const contactColumns = [integer('id'), ...['username', 'full_name', 'phone', 'email', 'plan'].map(text)]

/** Whose service ends within so many days: to be called or written to. */
const expiring: Report = {
  name: 'expiring',
  title: 'Subscribers whose service ends soon',
  permission: 'subscriber.read',
  parameters: ['days', 'limit'],
  columns: () => [...contactColumns, { name: 'expires_at', kind: 'instant' }],
  rows: ({ scope, now, days, limit }: ReportQuestion) => sql`
    select ${contact}, subscriber.expires_at
    from subscriber join plan on plan.id = subscriber.plan_id
    where subscriber.expires_at > ${now} and subscriber.expires_at <= ${new Date(now.getTime() + days * 86_400_000)}
      and subscriber.archived_at is null and ${subscriberInScope(scope)}
    order by subscriber.expires_at, subscriber.id limit ${limit}`,
}

/** Nobody can be reached there, or nobody has looked at the data for long. */
const staleContacts: Report = {
  name: 'stale-contacts',
  title: 'Subscribers without phone and e-mail, or whose data nobody has changed for long',
  permission: 'subscriber.read',
  parameters: ['days', 'limit'],
  columns: () => [...contactColumns, { name: 'updated_at', kind: 'instant' }],
  rows: ({ scope, now, days, limit }: ReportQuestion) => sql`
    select ${contact}, subscriber.updated_at
    from subscriber join plan on plan.id = subscriber.plan_id
    where subscriber.archived_at is null and ${subscriberInScope(scope)}
      and ((subscriber.phone is null and subscriber.email is null)
        or subscriber.updated_at < ${new Date(now.getTime() - days * 86_400_000)})
    order by subscriber.id limit ${limit}`,
}

export const subscriberReports: readonly Report[] = [
  subscribers,
  growth,
  signups,
  churn,
  renewals,
  expiring,
  staleContacts,
]
