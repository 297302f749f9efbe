// Reports over the network: who used most, sessions by NAS and interface, why logins were refused and how many there were.

import { sql } from 'kysely'
import { subscriberInScope } from '../scope.ts'
import { countedInScope, integer, keyOf, text } from './report.ts'
import type { Report } from './report.ts'

const octets = (name: string) => ({ name, kind: 'octets' as const })
const nasName = sql`coalesce((select nas.name from nas where nas.id = counted.nas_id), 'NAS ' || counted.nas_id)`

const topUsage: Report = {
  name: 'top-usage',
  title: 'Subscribers who used most',
  permission: 'subscriber.read',
  parameters: ['from', 'to', 'limit'],
  columns: () => [
    integer('id'),
    text('username'),
    text('full_name'),
    text('plan'),
    octets('upload'),
    octets('download'),
  ],
  rows: ({ scope, from, to, limit }) => sql`
    with used as (
      select usage_day.subscriber_id, sum(usage_day.input_octets)::bigint as upload,
        sum(usage_day.output_octets)::bigint as download
      from usage_day where usage_day.day between ${from}::date and ${to}::date group by 1
    )
    select subscriber.id, subscriber.username, subscriber.full_name, plan.name as plan, used.upload, used.download
    from used join subscriber on subscriber.id = used.subscriber_id join plan on plan.id = subscriber.plan_id
    where ${subscriberInScope(scope)}
    order by used.upload + used.download desc, subscriber.id limit ${limit}`,
}

const traffic: Report = {
  name: 'traffic',
  title: 'Octets by day, plan or owner',
  permission: 'report.read',
  unzoned: true,
  parameters: ['from', 'to', 'by'],
  columns: ({ by }) => [keyOf(usageKey(by)).column, octets('upload'), octets('download')],
  rows: (question) => sql`
    select ${keyOf(usageKey(question.by)).key} as ${sql.id(keyOf(usageKey(question.by)).column.name)},
      sum(counted.input_octets)::bigint as upload, sum(counted.output_octets)::bigint as download
    from usage_total_day counted where ${countedInScope(question, 'owner')} group by 1 order by 1 nulls last`,
}

/** Octets are not kept by zone or group. */
function usageKey(by: 'day' | 'plan' | 'owner' | 'zone' | 'group' | undefined): 'day' | 'plan' | 'owner' {
  return by === 'plan' || by === 'owner' ? by : 'day'
}

const sessions: Report = {
  name: 'sessions',
  title: 'Sessions by NAS and interface',
  permission: 'report.read',
  unzoned: true,
  parameters: ['from', 'to', 'limit'],
  columns: () => [text('nas'), text('interface'), integer('sessions'), octets('upload'), octets('download')],
  rows: (question) => sql`
    select ${nasName} as nas, nullif(counted.interface, '') as interface, sum(counted.sessions)::bigint as sessions,
      sum(counted.input_octets)::bigint as upload, sum(counted.output_octets)::bigint as download
    from session_day counted where ${countedInScope(question, 'nas')}
    group by counted.nas_id, counted.interface order by 3 desc, 1, 2 limit ${question.limit}`,
}

const rejects: Report = {
  name: 'rejects',
  title: 'Why logins were refused',
  permission: 'report.read',
  unzoned: true,
  parameters: ['from', 'to', 'limit'],
  columns: () => [text('reason'), text('nas'), integer('refused')],
  rows: (question) => sql`
    select counted.reason, ${nasName} as nas, sum(counted.count)::bigint as refused
    from decision_day counted where ${countedInScope(question, 'nas')} and not counted.accepted
    group by counted.reason, counted.nas_id order by 3 desc, 1, 2 limit ${question.limit}`,
}

const logins: Report = {
  name: 'logins',
  title: 'Logins by day',
  permission: 'report.read',
  unzoned: true,
  parameters: ['from', 'to'],
  columns: () => [keyOf('day').column, integer('accepted'), integer('refused')],
  rows: (question) => sql`
    select ${keyOf('day').key} as day,
      coalesce(sum(counted.count) filter (where counted.accepted), 0)::bigint as accepted,
      coalesce(sum(counted.count) filter (where not counted.accepted), 0)::bigint as refused
    from decision_day counted where ${countedInScope(question, 'nas')} group by 1 order by 1`,
}

export const networkReports: readonly Report[] = [topUsage, traffic, sessions, rejects, logins]
