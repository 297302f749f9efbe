// A model of a network beside an address pool: lines that dial, begin, stop, lose power, and NASes that reboot. After each step it
// compares what the database gave out with what can be: never an address that somebody else has, always the line's own again.

import fc from 'fast-check'
import { expect } from 'vitest'
import { createKysely } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { claimLeases } from '../../src/domain/ip-pool/lease-claim.ts'
import { sweepLeases } from '../../src/domain/ip-pool/lease-sweep.ts'
import { after, insertRow, insertSession } from './access.ts'

const holdS = 60

export type Step =
  | { kind: 'dial' | 'begin' | 'stop' | 'lose-power' | 'fix' | 'unfix'; line: number }
  | { kind: 'reboot'; nas: number }
  | { kind: 'sweep' }
  | { kind: 'wait'; seconds: number }

/** Steps of a network of so many lines; dialling and beginning is what happens most. */
export function stepsOf(lines: number): fc.Arbitrary<Step[]> {
  const line = fc.nat(lines - 1)
  const of = (kind: 'dial' | 'begin' | 'stop' | 'lose-power' | 'fix' | 'unfix', weight: number) => ({
    weight,
    arbitrary: line.map((at): Step => ({ kind, line: at })),
  })
  return fc.array(
    fc.oneof(
      of('dial', 8),
      of('begin', 6),
      of('stop', 3),
      of('lose-power', 2),
      of('fix', 1),
      of('unfix', 1),
      { weight: 1, arbitrary: fc.nat(1).map((nas): Step => ({ kind: 'reboot', nas })) },
      { weight: 2, arbitrary: fc.constant<Step>({ kind: 'sweep' }) },
      { weight: 4, arbitrary: fc.nat(90).map((seconds): Step => ({ kind: 'wait', seconds })) },
    ),
    { minLength: 20, maxLength: 60 },
  )
}

type Line = {
  subscriberId: bigint
  key: string
  classId: bigint
  /** What the last login was given, while no session has begun with it. */
  hold?: { address: string; until: number } | undefined
  /** Until when each address that it was ever given is kept for it, session or not. */
  kept: Map<string, number>
  /** What our books have open, with or without power. */
  session?: { id: bigint; address: string; nas: number } | undefined
  fixed?: string | undefined
}

type Network = {
  pool: Pool
  claimPools: readonly Pool[]
  poolId: bigint
  addresses: readonly string[]
  people: readonly bigint[]
}

/** Runs the steps; throws where the database does what the model cannot explain. */
export async function runModel(network: Network, steps: readonly Step[]): Promise<void> {
  const { pool, claimPools, poolId, addresses } = network
  const db = createKysely<Database>(pool)
  const lines = network.people.map((subscriberId, at): Line => ({
    subscriberId,
    key: `mac:${at}`,
    classId: 0n,
    kept: new Map(),
  }))
  let now = 0
  let count = 0

  const takenFrom = (own: Line): Map<string, string> => {
    const taken = new Map<string, string>()
    for (const line of lines) {
      if (line.fixed !== undefined) taken.set(line.fixed, 'static')
      if (line === own) continue
      for (const [address, until] of line.kept) if (now < until) taken.set(address, 'a login')
      if (line.session !== undefined) taken.set(line.session.address, 'a session')
    }
    return taken
  }
  const endSession = async (line: Line, by: string) => {
    await pool.query('update session set ended_at = $2, ended_by = $3 where id = $1', [
      line.session!.id,
      after(now),
      by,
    ])
    line.session = undefined
  }
  const dial = async (line: Line) => {
    line.classId = BigInt((count += 1))
    const wish = {
      poolId,
      sticky: true,
      subscriberId: line.subscriberId,
      line: line.key,
      nasGroupId: 1n,
      classId: line.classId,
    }
    const [given] = await claimLeases(claimPools[count % claimPools.length]!, [wish], after(now))
    const taken = takenFrom(line)
    if (given === undefined) return
    expect(addresses).toContain(given)
    expect(taken.get(given), `${given} for ${line.key}`).toBeUndefined()
    const own =
      line.session?.address ?? (line.hold !== undefined && now < line.hold.until ? line.hold.address : undefined)
    if (own !== undefined && !taken.has(own)) expect(given).toBe(own)
    line.hold = { address: given, until: now + holdS }
    line.kept.set(given, now + holdS)
  }
  const begin = async (line: Line) => {
    const { hold } = line
    if (hold === undefined || now >= hold.until) return
    if (line.session !== undefined) await endSession(line, 'replaced')
    const nas = count % 2
    const id = await insertSession(pool, {
      subscriber_id: line.subscriberId,
      line: line.key,
      class_id: line.classId,
      framed_ip: hold.address,
      nas_id: nas + 1,
      started_at: after(now),
    })
    line.session = { id, address: hold.address, nas }
    line.hold = undefined
  }
  /** Only what nobody has becomes static: what a session has would be a conflict, which is another story. */
  const fix = async (line: Line) => {
    const address = addresses.find(
      (one) => !takenFrom(line).has(one) && line.hold?.address !== one && line.session?.address !== one,
    )
    if (line.fixed !== undefined || address === undefined) return
    const row = { subscriber_id: line.subscriberId, kind: 'framed-ip', address_space_id: 1, prefix: address }
    await insertRow(pool, 'subscriber_address', row)
    line.fixed = address
  }
  const unfix = async (line: Line) => {
    if (line.fixed === undefined) return
    await pool.query('delete from subscriber_address where subscriber_id = $1', [line.subscriberId])
    line.fixed = undefined
  }
  const take = async (step: Step): Promise<void> => {
    if (step.kind === 'wait') now += step.seconds
    else if (step.kind === 'sweep') await sweepLeases(db, { poolIds: [poolId], quietS: 0 }, after(now))
    else if (step.kind === 'reboot') {
      for (const line of lines) if (line.session?.nas === step.nas) await endSession(line, 'nas-reboot')
    } else {
      const line = lines[step.line]!
      if (step.kind === 'dial') await dial(line)
      else if (step.kind === 'begin') await begin(line)
      else if (step.kind === 'fix') await fix(line)
      else if (step.kind === 'unfix') await unfix(line)
      else if (step.kind === 'stop' && line.session !== undefined) await endSession(line, 'stop')
      // Without power nothing is told: the session stays open in our books until the line dials again or falls silent.
    }
  }

  for (const step of steps) await take(step)
  // When all is swept, whoever the model has room for gets an address, and nobody else.
  await take({ kind: 'sweep' })
  for (const line of lines) {
    const room = addresses.some((one) => !takenFrom(line).has(one))
    const before = line.hold
    await dial(line)
    expect(line.hold !== before, `room for ${line.key}: ${room}`).toBe(room)
  }
}
