// Static addresses and prefixes: giving them in place of others, and taking them back. A live session keeps what it was given
// at its login, so it is ended unless asked otherwise: an address that was taken back is soon somebody else's.

import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { StaticAddress } from '../prefix.ts'
import { parseStaticAddress } from '../prefix.ts'
import { addressesOf, addressHolders, replaceAddresses } from '../subscriber/address.ts'
import { otherName } from '../subscriber/line.ts'
import { subscriberAction } from './action.ts'
import type { ActionCall } from './action.ts'
import { always, conclude, doneOf, judgeEach, lockSubjects, orderEach, refused, unchanged } from './take.ts'
import type { Done } from './take.ts'

const disconnect = z.boolean().default(true)

const previousCall = (addresses: readonly string[]): ActionCall =>
  addresses.length === 0 ? { action: 'release-address', params: {} } : { action: 'set-address', params: { addresses } }

/** Gives static addresses in place of those it had. */
export const setAddress = subscriberAction({
  name: 'set-address',
  summary: 'Give static addresses or prefixes, in place of those it had',
  permission: 'subscriber.network',
  params: z.strictObject({ addresses: z.array(z.string().max(100)).min(1).max(32), disconnect }),
  chunk: 500,
  run: (db, { subscriberIds, params }, by, now) =>
    inTransaction(db, async (trx) => {
      const addresses = params.addresses.map((text) => parseStaticAddress('addresses', text))
      const prefixes = addresses.map(({ prefix }) => prefix)
      const subjects = await lockSubjects(trx, subscriberIds)
      const former = await addressesOf(trx, subscriberIds)
      const holders = await addressHolders(trx, prefixes, by.scope)
      const judged = judgeEach(subjects, (subject) => {
        const before = former.get(subject.id) ?? []
        if (before.toSorted().join() === prefixes.toSorted().join()) return unchanged
        const other = holders.find(({ subscriberId }) => subscriberId !== subject.id)
        if (other !== undefined) {
          const name = otherName(other.username, by.scope)
          return refused(`it cannot have ${other.prefix}, which is or overlaps that of ${name}`)
        }
        holders.push(...prefixes.map((prefix) => ({ prefix, subscriberId: subject.id, username: subject.username })))
        return {
          kind: 'done',
          before: { addresses: before },
          after: { addresses: prefixes },
          undo: previousCall(before),
        }
      })
      await writeAddresses(trx, doneOf(judged), { addresses, disconnect: params.disconnect }, now)
      return conclude(trx, { action: 'set-address', subscriberIds, judged }, by, now)
    }),
})

/** Takes all static addresses back: from the next login on it gets one from the pool. */
export const releaseAddress = subscriberAction({
  name: 'release-address',
  summary: 'Take the static addresses back',
  permission: 'subscriber.network',
  params: z.strictObject({ disconnect }),
  chunk: 500,
  run: (db, { subscriberIds, params }, by, now) =>
    inTransaction(db, async (trx) => {
      const subjects = await lockSubjects(trx, subscriberIds)
      const former = await addressesOf(trx, subscriberIds)
      const judged = judgeEach(
        subjects,
        (subject) => {
          const before = former.get(subject.id) ?? []
          if (before.length === 0) return unchanged
          const done = { kind: 'done', before: { addresses: before }, after: { addresses: [] } } as const
          // Who is deleted gets nothing back: that is refused until restored.
          return subject.archived_at === null ? { ...done, undo: previousCall(before) } : done
        },
        { archived: true },
      )
      await writeAddresses(trx, doneOf(judged), { addresses: [], disconnect: params.disconnect }, now)
      return conclude(trx, { action: 'release-address', subscriberIds, judged }, by, now)
    }),
})

async function writeAddresses(
  trx: Db,
  done: readonly Done[],
  input: { addresses: readonly StaticAddress[]; disconnect: boolean },
  now: Date,
): Promise<void> {
  if (done.length === 0) return
  const ids = done.map(({ subject }) => subject.id)
  await replaceAddresses(
    trx,
    ids.map((subscriberId) => ({ subscriberId, addresses: input.addresses })),
  )
  await trx.updateTable('subscriber').set({ updated_at: now }).where('id', 'in', ids).execute()
  if (input.disconnect) await orderEach(trx, done, { wish: always('disconnect'), reason: 'address changed' }, now)
}
