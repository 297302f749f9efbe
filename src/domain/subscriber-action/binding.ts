// Binding a subscriber to where it comes in: interface, port, VLANs, relay ids, NAS group; named, or as its session shows them.

import { sql } from 'kysely'
import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { checkInteger, checkText, FieldError } from '../field.ts'
import { parseLineId, showLineId } from '../line-id.ts'
import { devicesOf } from '../subscriber/device.ts'
import { lineConflicts } from '../subscriber/line.ts'
import { findNasGroup } from '../subscriber/names.ts'
import { subscriberAction } from './action.ts'
import { always, conclude, doneOf, judgeEach, lockSubjects, orderEach, refused, unchanged } from './take.ts'
import type { Done, Subject } from './take.ts'

const word = z.string().max(1_000).nullable().optional()
const vlan = z.int().min(1).max(4094).nullable().optional()

const params = z.strictObject({
  interface: word,
  port: word,
  s_vlan: vlan,
  c_vlan: vlan,
  nas_group: z
    .union([z.int().min(1), z.string().max(100)])
    .nullable()
    .optional(),
  /** Text, or octets as `0x…`. */
  circuit_id: word,
  remote_id: word,
  duid: word,
  /** As the newest live session came in: its VLANs, or its interface where it has none, in its NAS group. */
  from_session: z.boolean().default(false),
  disconnect: z.boolean().default(false),
})

type Columns = Pick<
  Subject,
  | 'bound_interface'
  | 'bound_port'
  | 'bound_s_vlan'
  | 'bound_c_vlan'
  | 'bound_nas_group_id'
  | 'circuit_id'
  | 'remote_id'
  | 'duid'
>

const columnNames = [
  'bound_interface',
  'bound_port',
  'bound_s_vlan',
  'bound_c_vlan',
  'bound_nas_group_id',
  'circuit_id',
  'remote_id',
  'duid',
] as const

/** Binds the parts that are named (null: no longer), the others stay. A login from elsewhere is then refused. */
export const rebindInterface = subscriberAction({
  name: 'rebind-interface',
  summary: 'Bind it to an interface, VLANs or a relay id',
  permission: 'subscriber.network',
  params,
  chunk: 500,
  run: (db, { subscriberIds, params: told }, by, now) =>
    inTransaction(db, async (trx) => {
      const named = await namedColumns(trx, told, by.scope)
      if (!told.from_session && Object.keys(named).length === 0)
        throw new FieldError('interface', 'nothing to bind is named')
      const subjects = await lockSubjects(trx, subscriberIds)
      const seen = told.from_session ? await seenColumns(trx, subscriberIds) : undefined
      const after = (subject: Subject): Columns => ({ ...columnsOf(subject), ...seen?.get(subject.id), ...named })
      const devices = await devicesOf(trx, subscriberIds)
      const lines = subjects.map((subject) => ({
        row: { ...subject, ...after(subject) },
        macs: (devices.get(subject.id) ?? []).filter((device) => device.bound).map(({ mac }) => mac),
      }))
      const conflicts = await lineConflicts(trx, lines, by.scope)
      const judged = judgeEach(subjects, (subject) => {
        if (seen !== undefined && !seen.has(subject.id)) return refused('it has no live session to be bound as')
        const columns = after(subject)
        const changed = columnNames.filter((name) => !isSame(columns[name], subject[name]))
        if (changed.length === 0) return unchanged
        const conflict = conflicts.get(subject.id)
        if (conflict !== undefined) return refused(conflict.sentence)
        const pick = (values: Columns) => Object.fromEntries(changed.map((name) => [name, shown(values[name])]))
        const undo = { action: 'rebind-interface', params: callOf(subject, changed) }
        return { kind: 'done', before: pick(columnsOf(subject)), after: pick(columns), undo }
      })
      const done = doneOf(judged)
      await writeColumns(trx, done, after, now)
      if (told.disconnect) await orderEach(trx, done, { wish: always('disconnect'), reason: 'bound elsewhere' }, now)
      return conclude(trx, { action: 'rebind-interface', subscriberIds, judged }, by, now)
    }),
})

function columnsOf(subject: Columns): Columns {
  return Object.fromEntries(columnNames.map((name) => [name, subject[name]])) as Columns
}

async function namedColumns(
  trx: Db,
  told: z.output<typeof params>,
  scope: Parameters<typeof findNasGroup>[2],
): Promise<Partial<Columns>> {
  const textOr = (field: string, text: string | null, maximum: number): string | null =>
    text === null || text.trim() === '' ? null : checkText(field, text, 1, maximum)
  const lineId = (field: 'circuit_id' | 'remote_id' | 'duid') => {
    const text = told[field]
    if (text === undefined) return {}
    return { [field]: text === null || text.trim() === '' ? null : parseLineId(field, text) }
  }
  const { interface: name, port, s_vlan: sVlan, c_vlan: cVlan, nas_group: group } = told
  return {
    ...(name === undefined ? {} : { bound_interface: textOr('interface', name, 253) }),
    ...(port === undefined ? {} : { bound_port: textOr('port', port, 100) }),
    ...(sVlan === undefined ? {} : { bound_s_vlan: sVlan && checkInteger('s_vlan', sVlan, 1, 4094) }),
    ...(cVlan === undefined ? {} : { bound_c_vlan: cVlan && checkInteger('c_vlan', cVlan, 1, 4094) }),
    ...(group === undefined
      ? {}
      : { bound_nas_group_id: group === null ? null : await findNasGroup(trx, group, scope) }),
    ...lineId('circuit_id'),
    ...lineId('remote_id'),
    ...lineId('duid'),
  }
}

/** Where the newest live session of each came in. */
async function seenColumns(trx: Db, ids: readonly bigint[]): Promise<Map<bigint, Partial<Columns>>> {
  const { rows } = await sql<{
    id: bigint
    interface: string | null
    port: string | null
    s_vlan: number | null
    c_vlan: number | null
    nas_group_id: bigint
  }>`
    select distinct on (session.subscriber_id) session.subscriber_id as id, session.interface, session.port,
      session.s_vlan, session.c_vlan, session.nas_group_id
    from session
    where session.subscriber_id = any(${ids}::bigint[]) and session.ended_at is null and session.service is null
      and coalesce(session.interface, session.c_vlan::text) is not null
    order by session.subscriber_id, session.started_at desc`.execute(trx)
  return new Map(
    rows.map((row) => [
      row.id,
      {
        bound_interface: row.c_vlan === null ? row.interface : null,
        bound_port: row.c_vlan === null ? null : row.port,
        bound_s_vlan: row.s_vlan,
        bound_c_vlan: row.c_vlan,
        bound_nas_group_id: row.nas_group_id,
      },
    ]),
  )
}

async function writeColumns(
  trx: Db,
  done: readonly Done[],
  after: (subject: Subject) => Columns,
  now: Date,
): Promise<void> {
  if (done.length === 0) return
  const rows = done.map(({ subject }) => after(subject))
  const of = <Name extends keyof Columns>(name: Name) => rows.map((row) => row[name])
  await sql`
    update subscriber set bound_interface = t.interface, bound_port = t.port, bound_s_vlan = t.s_vlan,
      bound_c_vlan = t.c_vlan, bound_nas_group_id = t.nas_group_id, circuit_id = t.circuit_id, remote_id = t.remote_id,
      duid = t.duid, updated_at = ${now}
    from unnest(${done.map(({ subject }) => subject.id)}::bigint[], ${of('bound_interface')}::text[],
      ${of('bound_port')}::text[], ${of('bound_s_vlan')}::integer[], ${of('bound_c_vlan')}::integer[],
      ${of('bound_nas_group_id')}::bigint[], ${of('circuit_id')}::bytea[], ${of('remote_id')}::bytea[],
      ${of('duid')}::bytea[]) t (id, interface, port, s_vlan, c_vlan, nas_group_id, circuit_id, remote_id, duid)
    where subscriber.id = t.id`.execute(trx)
}

type Value = Columns[keyof Columns]

function isSame(one: Value, other: Value): boolean {
  return Buffer.isBuffer(one) && Buffer.isBuffer(other) ? one.equals(other) : one === other
}

function shown(value: Value): string | number | null {
  if (Buffer.isBuffer(value)) return showLineId(value)
  return typeof value === 'bigint' ? Number(value) : value
}

/** The call that brings the parts back. */
function callOf(subject: Subject, changed: readonly (keyof Columns)[]): Record<string, unknown> {
  return Object.fromEntries(
    changed.map((name) => [
      name === 'bound_nas_group_id' ? 'nas_group' : name.replace(/^bound_/, ''),
      shown(subject[name]),
    ]),
  )
}
