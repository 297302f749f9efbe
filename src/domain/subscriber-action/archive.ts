// Deleting, which keeps everything and can be undone, and bringing back. The live sessions are ended by order; the username
// stays reserved until the purge unless it is freed.

import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import { z } from 'zod'
import type { Database, Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { Scope } from '../scope.ts'
import { acrossOrganisations } from '../subscriber/across.ts'
import { devicesOf } from '../subscriber/device.ts'
import { lineConflicts } from '../subscriber/line.ts'
import type { LineConflict } from '../subscriber/line.ts'
import { roomFor } from '../subscriber/room.ts'
import { subscriberAction } from './action.ts'
import { always, conclude, doneOf, idsOf, judgeEach, lockSubjects, orderEach, refused, unchanged } from './take.ts'
import type { Subject, Verdict } from './take.ts'

/** Takes it out of the lists and out of service, to be restored or purged. */
export const deleteSubscriber = subscriberAction({
  name: 'delete',
  summary: 'Take it out of service and out of the lists; it can be restored',
  permission: 'subscriber.delete',
  params: z.strictObject({ free_username: z.boolean().default(false) }),
  chunk: 500,
  run: (db, { subscriberIds, params }, by, now) =>
    inTransaction(db, async (trx) => {
      const subjects = await lockSubjects(trx, subscriberIds)
      const judged = judgeEach(
        subjects,
        (subject) =>
          subject.archived_at !== null
            ? unchanged
            : {
                kind: 'done',
                before: { archived_at: null },
                after: { archived_at: now, ...(params.free_username ? { username_reserved: false } : {}) },
                detail: { sessions: subject.open_sessions },
                undo: { action: 'restore', params: {} },
              },
        { archived: true },
      )
      const done = doneOf(judged)
      if (done.length > 0) {
        await trx
          .updateTable('subscriber')
          .set({ archived_at: now, username_reserved: !params.free_username, updated_at: now })
          .where('id', 'in', idsOf(done))
          .execute()
      }
      await orderEach(trx, done, { wish: always('disconnect'), reason: 'deleted' }, now)
      return conclude(trx, { action: 'delete', subscriberIds, judged }, by, now)
    }),
})

/** Brings a deleted one back as it was, unless its username or its line is somebody else's by now. */
export const restore = subscriberAction({
  name: 'restore',
  summary: 'Bring a deleted one back',
  permission: 'subscriber.delete',
  params: z.strictObject({}),
  chunk: 500,
  run: (db, { subscriberIds }, by, now) =>
    inTransaction(db, async (trx) => {
      const subjects = await lockSubjects(trx, subscriberIds)
      const obstacles = await findObstacles(trx, subjects, by.scope)
      const judged = judgeEach(subjects, (subject) => judgeRestore(subject, obstacles), { archived: true })
      const done = doneOf(judged)
      if (done.length > 0) {
        await trx
          .updateTable('subscriber')
          .set({ archived_at: null, username_reserved: true, updated_at: now })
          .where('id', 'in', idsOf(done))
          .execute()
      }
      await orderEach(trx, done, { wish: always('reapply'), reason: 'restored' }, now)
      return conclude(trx, { action: 'restore', subscriberIds, judged }, by, now)
    }),
})

type Obstacles = { usernames: Set<string>; lines: ReadonlyMap<bigint, LineConflict>; rooms: Map<bigint, number> }

async function findObstacles(
  trx: Transaction<Database>,
  subjects: readonly Subject[],
  scope: Scope,
): Promise<Obstacles> {
  const rooms = new Map<bigint, number>()
  // In one order, and before the lines as where one is added, so that two do not wait for each other.
  const owners = [...new Set(subjects.map((subject) => subject.owner_id))].toSorted((a, b) => Number(a - b))
  for (const ownerId of owners) {
    const room = await roomFor(trx, ownerId)
    if (room !== undefined) rooms.set(ownerId, room)
  }
  const devices = await devicesOf(
    trx,
    subjects.map(({ id }) => id),
  )
  const lines = await lineConflicts(
    trx,
    subjects.map((row) => ({
      row,
      macs: (devices.get(row.id) ?? []).filter((device) => device.bound).map(({ mac }) => mac),
    })),
    scope,
  )
  return { usernames: await takenUsernames(trx, subjects, scope), lines, rooms }
}

async function takenUsernames(trx: Db, subjects: readonly Subject[], scope: Scope): Promise<Set<string>> {
  const freed = subjects.filter((subject) => !subject.username_reserved).map(({ username }) => username)
  if (freed.length === 0) return new Set()
  const query = sql<{ username: string }>`
    select subscriber.username from subscriber
    where subscriber.username_reserved and subscriber.username = any(${freed}::text[])`
  const { rows } = await acrossOrganisations(trx, scope, () => query.execute(trx))
  return new Set(rows.map(({ username }) => username))
}

function judgeRestore(subject: Subject, { usernames, lines, rooms }: Obstacles): Verdict {
  if (subject.archived_at === null) return unchanged
  if (subject.purged_at !== null) return refused('it was purged: there is nothing left to bring back')
  if (!subject.username_reserved && usernames.has(subject.username)) {
    return refused(`its username ${subject.username} is somebody else's by now`)
  }
  const line = lines.get(subject.id)
  if (line !== undefined) return refused(line.sentence)
  const room = rooms.get(subject.owner_id)
  if (room === 0) return refused('its organisation has as many subscribers as it may have')
  if (room !== undefined) rooms.set(subject.owner_id, room - 1)
  usernames.add(subject.username)
  return {
    kind: 'done',
    before: { archived_at: subject.archived_at },
    after: { archived_at: null },
    undo: { action: 'delete', params: { free_username: !subject.username_reserved } },
  }
}
