// Groups of subscribers: into one, and out of any. A group belongs to an organisation and takes its own subscribers only.

import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { findGroup } from '../subscriber/group.ts'
import { subscriberAction } from './action.ts'
import type { ActionCall } from './action.ts'
import { conclude, doneOf, idsOf, judgeEach, lockSubjects, refused, unchanged } from './take.ts'
import type { Subject } from './take.ts'

const previousCall = (subject: Subject): ActionCall =>
  subject.group_id === null
    ? { action: 'remove-from-group', params: {} }
    : { action: 'add-to-group', params: { group: Number(subject.group_id) } }

/** Puts it into a group, in place of the one it was in. */
export const addToGroup = subscriberAction({
  name: 'add-to-group',
  summary: 'Put it into a group',
  permission: 'subscriber.edit',
  params: z.strictObject({ group: z.union([z.int().min(1), z.string().min(1).max(100)]) }),
  chunk: 500,
  run: (db, { subscriberIds, params }, by, now) =>
    inTransaction(db, async (trx) => {
      const subjects = await lockSubjects(trx, subscriberIds)
      const groups = await findGroup(trx, params.group, by.scope)
      const judged = judgeEach(subjects, (subject) => {
        const group = groups.find(({ owner_id: owner }) => owner === subject.owner_id)
        if (group === undefined) return refused('it belongs to another organisation than the group')
        if (subject.group_id === group.id) return unchanged
        return {
          kind: 'done',
          before: { group_id: subject.group_id },
          after: { group_id: group.id },
          undo: previousCall(subject),
        }
      })
      for (const group of groups) {
        const ids = idsOf(doneOf(judged).filter(({ subject }) => subject.owner_id === group.owner_id))
        await updateGroup(trx, ids, group.id, now)
      }
      return conclude(trx, { action: 'add-to-group', subscriberIds, judged }, by, now)
    }),
})

/** Takes it out of its group. */
export const removeFromGroup = subscriberAction({
  name: 'remove-from-group',
  summary: 'Take it out of its group',
  permission: 'subscriber.edit',
  params: z.strictObject({}),
  chunk: 500,
  run: (db, { subscriberIds }, by, now) =>
    inTransaction(db, async (trx) => {
      const judged = judgeEach(await lockSubjects(trx, subscriberIds), (subject) => {
        if (subject.group_id === null) return unchanged
        return {
          kind: 'done',
          before: { group_id: subject.group_id },
          after: { group_id: null },
          undo: previousCall(subject),
        }
      })
      await updateGroup(trx, idsOf(doneOf(judged)), null, now)
      return conclude(trx, { action: 'remove-from-group', subscriberIds, judged }, by, now)
    }),
})

async function updateGroup(trx: Db, ids: readonly bigint[], groupId: bigint | null, now: Date): Promise<void> {
  if (ids.length === 0) return
  await trx.updateTable('subscriber').set({ group_id: groupId, updated_at: now }).where('id', 'in', ids).execute()
}
