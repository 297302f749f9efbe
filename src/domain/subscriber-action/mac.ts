// MACs: binding them, so that only they may come online, and releasing them, so that the next login brings its own.

import { z } from 'zod'
import { inTransaction } from '../../db/transaction.ts'
import { checkMac } from '../device.ts'
import { bindDevices, devicesOf, macHolders, releaseDevices } from '../subscriber/device.ts'
import { lockLines, otherName } from '../subscriber/line.ts'
import { subscriberAction } from './action.ts'
import { conclude, doneOf, idsOf, judgeEach, lockSubjects, refused, unchanged } from './take.ts'

const macs = z.array(z.string().max(100)).min(1).max(32)

function checkMacs(texts: readonly string[]): string[] {
  return [...new Set(texts.map((text) => checkMac('macs', text)))].toSorted()
}

/** Binds MACs: from now on only bound ones may come online. */
export const bindMac = subscriberAction({
  name: 'bind-mac',
  summary: 'Bind MACs: only bound ones may come online',
  permission: 'subscriber.network',
  params: z.strictObject({ macs }),
  chunk: 500,
  run: (db, { subscriberIds, params }, by, now) =>
    inTransaction(db, async (trx) => {
      const wanted = checkMacs(params.macs)
      const subjects = await lockSubjects(trx, subscriberIds)
      if (subjects.some((subject) => subject.account_type === 'ipoe')) await lockLines(trx)
      const devices = await devicesOf(trx, subscriberIds)
      const holders = await macHolders(trx, wanted, by.scope)
      const judged = judgeEach(subjects, (subject) => {
        const bound = (devices.get(subject.id) ?? []).filter((device) => device.bound).map(({ mac }) => mac)
        const fresh = wanted.filter((mac) => !bound.includes(mac))
        if (fresh.length === 0) return unchanged
        const limit = subject.device_limit ?? subject.plan_device_limit
        if (limit !== null && bound.length + fresh.length > limit) {
          return refused(`it may have ${limit} devices and has ${bound.length} bound`)
        }
        const other = holders.find(({ mac, subscriberId }) => subscriberId !== subject.id && fresh.includes(mac))
        if (subject.account_type === 'ipoe') {
          if (other !== undefined) {
            return refused(`it cannot have ${other.mac}, by which ${otherName(other.username, by.scope)} is told`)
          }
          holders.push(...fresh.map((mac) => ({ mac, subscriberId: subject.id, username: subject.username })))
        }
        const undo = { action: 'release-mac', params: { macs: fresh } }
        return { kind: 'done', before: { macs: bound }, after: { macs: [...bound, ...fresh].toSorted() }, undo }
      })
      const ids = idsOf(doneOf(judged))
      await bindDevices(
        trx,
        ids.map((subscriberId) => ({ subscriberId, macs: wanted })),
        now,
      )
      if (ids.length > 0) await trx.updateTable('subscriber').set({ updated_at: now }).where('id', 'in', ids).execute()
      return conclude(trx, { action: 'bind-mac', subscriberIds, judged }, by, now)
    }),
})

/** Releases MACs, learnt or bound: the named ones or all. `learn_hours`: the next MAC of a login within them is bound. */
export const releaseMac = subscriberAction({
  name: 'release-mac',
  summary: 'Release MACs, so that the next login brings its own',
  permission: 'subscriber.network',
  params: z.strictObject({ macs: macs.optional(), learn_hours: z.int().min(0).max(168).default(0) }),
  chunk: 500,
  run: (db, { subscriberIds, params }, by, now) =>
    inTransaction(db, async (trx) => {
      const named = params.macs === undefined ? undefined : checkMacs(params.macs)
      const subjects = await lockSubjects(trx, subscriberIds)
      const devices = await devicesOf(trx, subscriberIds)
      const goneOf = (id: bigint) => (devices.get(id) ?? []).filter(({ mac }) => named?.includes(mac) ?? true)
      const until = params.learn_hours === 0 ? null : new Date(now.getTime() + params.learn_hours * 3_600_000)
      const judged = judgeEach(subjects, (subject) => {
        const gone = goneOf(subject.id)
        if (gone.length === 0 && until === null) return unchanged
        const bound = gone.filter((device) => device.bound).map(({ mac }) => mac)
        return {
          kind: 'done',
          before: { macs: gone.map(({ mac }) => mac) },
          after: { macs: [], ...(until === null ? {} : { learn_mac_until: until }) },
          detail: { released: gone.length },
          ...(bound.length === 0 ? {} : { undo: { action: 'bind-mac', params: { macs: bound } } }),
        }
      })
      const ids = idsOf(doneOf(judged))
      const releases = ids.map((subscriberId) => ({ subscriberId, macs: goneOf(subscriberId).map(({ mac }) => mac) }))
      await releaseDevices(trx, releases)
      if (ids.length > 0) {
        const changes = { updated_at: now, ...(until === null ? {} : { learn_mac_until: until }) }
        await trx.updateTable('subscriber').set(changes).where('id', 'in', ids).execute()
      }
      return conclude(trx, { action: 'release-mac', subscriberIds, judged }, by, now)
    }),
})
