// Moving subscribers to another organisation. A payer that pays for nobody else moves along with its ledger; where it pays for
// others too, the subscriber gets one of its own. Group and next plan are of the old organisation and stay behind.

import { sql } from 'kysely'
import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { findOrganisation } from '../subscriber/names.ts'
import { roomFor } from '../subscriber/room.ts'
import { subscriberAction } from './action.ts'
import { conclude, doneOf, idsOf, judgeEach, lockSubjects, refused, unchanged } from './take.ts'
import type { Subject, Verdict } from './take.ts'

/** Moves it to an organisation that the author reaches too. */
export const changeOwner = subscriberAction({
  name: 'change-owner',
  summary: 'Move it to another organisation',
  permission: 'subscriber.owner',
  params: z.strictObject({ owner: z.union([z.int().min(1), z.string().min(1).max(100)]) }),
  chunk: 500,
  run: (db, { subscriberIds, params }, by, now) =>
    inTransaction(db, async (trx) => {
      const ownerId = await findOrganisation(trx, params.owner, by.scope)
      let room = await roomFor(trx, ownerId)
      const subjects = await lockSubjects(trx, subscriberIds)
      const judged = judgeEach(subjects, (subject) => {
        const verdict = judge(subject, ownerId, room)
        if (room !== undefined && verdict.kind === 'done') room -= 1
        return verdict
      })
      const moved = doneOf(judged).map(({ subject }) => subject)
      if (moved.length > 0) {
        await movePayers(trx, moved, ownerId, now)
        await moveSubscribers(trx, idsOf(doneOf(judged)), ownerId, now)
      }
      return conclude(trx, { action: 'change-owner', subscriberIds, judged }, by, now)
    }),
})

function judge(subject: Subject, ownerId: bigint, room: number | undefined): Verdict {
  if (subject.owner_id === ownerId) return unchanged
  if (subject.plan_owner_id !== null && subject.plan_owner_id !== ownerId) {
    return refused('its plan is of another organisation: change the plan first')
  }
  if (room === 0) return refused('the organisation has as many subscribers as it may have')
  const losesNext = subject.next_plan_owner_id !== null && subject.next_plan_owner_id !== ownerId
  return {
    kind: 'done',
    before: {
      owner_id: subject.owner_id,
      ...(subject.group_id === null ? {} : { group_id: subject.group_id }),
      ...(losesNext ? { next_plan_id: subject.next_plan_id } : {}),
    },
    after: {
      owner_id: ownerId,
      ...(subject.group_id === null ? {} : { group_id: null }),
      ...(losesNext ? { next_plan_id: null } : {}),
    },
    undo: { action: 'change-owner', params: { owner: Number(subject.owner_id) } },
  }
}

/** Every payer that pays for nobody else moves; who shared one gets another, in the same currency. */
async function movePayers(trx: Db, moved: readonly Subject[], ownerId: bigint, now: Date): Promise<void> {
  const ids = moved.map(({ id }) => id)
  const payerIds = [...new Set(moved.map((subject) => subject.payer_id))]
  const { rows: shared } = await sql<{ id: bigint; currency: string }>`
    select payer.id, payer.currency from payer
    where payer.id = any(${payerIds}::bigint[]) and exists (select from subscriber
      where subscriber.payer_id = payer.id and not subscriber.id = any(${ids}::bigint[]))`.execute(trx)
  const currencies = new Map(shared.map((row) => [row.id, row.currency]))
  const own = payerIds.filter((id) => !currencies.has(id))
  if (own.length > 0) await trx.updateTable('payer').set({ owner_id: ownerId }).where('id', 'in', own).execute()
  const leaving = moved.filter((subject) => currencies.has(subject.payer_id))
  if (leaving.length === 0) return
  await sql`
    with made as (
      insert into payer (id, owner_id, name, currency, created_at) overriding system value
      select nextval(pg_get_serial_sequence('payer', 'id')), ${ownerId}, t.name, t.currency, ${now}
      from unnest(${leaving.map((subject) => subject.full_name ?? subject.username)}::text[],
        ${leaving.map((subject) => currencies.get(subject.payer_id)!)}::text[]) t (name, currency)
      returning id
    ), numbered as (
      select made.id, row_number() over (order by made.id) as at from made
    )
    update subscriber set payer_id = numbered.id
    from unnest(${leaving.map(({ id }) => id)}::bigint[]) with ordinality t (id, at) join numbered on numbered.at = t.at
    where subscriber.id = t.id`.execute(trx)
}

async function moveSubscribers(trx: Db, ids: readonly bigint[], ownerId: bigint, now: Date): Promise<void> {
  await sql`
    update subscriber set owner_id = ${ownerId}, group_id = null, updated_at = ${now},
      next_plan_id = case when (select coalesce(plan.owner_id, ${ownerId}) from plan where plan.id = subscriber.next_plan_id)
        = ${ownerId} then subscriber.next_plan_id end
    where subscriber.id = any(${ids}::bigint[])`.execute(trx)
}
