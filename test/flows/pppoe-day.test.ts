// One day of a PPPoE subscriber: dials in, is counted, is blocked, comes back, expires. A MikroTik on a loopback address, real
// UDP, a real database.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownAuthor } from '../../src/domain/author.ts'
import { block, unblock } from '../../src/domain/subscriber-action/block.ts'
import { takeByUsername } from '../../src/domain/subscriber-action/by-username.ts'
import { systemClock } from '../../src/clock.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import { useDatabase } from '../support/database.ts'
import { openIsp, sessionRows, type Isp } from '../support/isp.ts'
import { everySink } from '../support/sinks.ts'

describe.each(everySink)('with the sink $sink', ({ sink }) => {
  const database = useDatabase()
  let isp: Isp
  let mikrotik: SimulatedNas

  beforeAll(async () => {
    isp = await openIsp(database, { settings: { accounting_sink: sink } })
    mikrotik = await isp.nas('bras-1', '127.0.0.21', { coaPort: 0 })
    await isp.plan({ sessionLimit: 1, pool: 'home', addressList: 'home50' })
    await isp.plan({ name: 'Garden50', onExpiry: 'garden', onBlock: 'garden', gardenAddressList: 'pay-first' })
  })
  afterAll(() => isp.close())

  async function online(username: string, input: Parameters<Isp['dial']>[1] = {}): Promise<NasSession> {
    const outcome = await mikrotik.dial(isp.dial(username, input))
    if (outcome.kind !== 'online') throw new Error(`${username} was not let in: ${JSON.stringify(outcome)}`)
    expect(await outcome.started).toBe(true)
    return outcome.session
  }

  async function refused(username: string, input: Parameters<Isp['dial']>[1] = {}): Promise<string | undefined> {
    const outcome = await mikrotik.dial(isp.dial(username, input))
    if (outcome.kind !== 'rejected') throw new Error(`${username} was not refused: ${outcome.kind}`)
    return outcome.message
  }

  describe('a subscriber of MikroTik PPPoE', () => {
    it.each(['pap', 'chap', 'mschapv2'] as const)('comes online by %s, with what the plan grants', async (method) => {
      await isp.subscriber(`${method}.anna`)
      const session = await online(`${method}.anna`, { method })
      expect(session.grant).toMatchObject({ rateLimit: '20M/50M', pool: 'home' })
      // Nobody renews this line by itself, so the NAS ends the session with the service period that has just begun.
      expect(session.grant.sessionTimeout).toBeCloseTo(30 * 86_400, -1)
      expect(session.grant.interimInterval).toBeGreaterThanOrEqual(270)
      expect(session.grant.interimInterval).toBeLessThanOrEqual(330)
      expect(session.classes).toHaveLength(1)
      expect(await mikrotik.stop(session, 'User-Request')).toBe(true)
    })

    it('is counted to the byte, by session, hour and service period', async () => {
      const id = await isp.subscriber('counted')
      const session = await online('counted')
      for (const seconds of [300, 301, 299]) {
        mikrotik.pass(session, seconds)
        expect(await mikrotik.interim(session)).toBe(true)
      }
      mikrotik.pass(session, 100)
      await mikrotik.stop(session, 'User-Request')
      await isp.service.drained()
      const row = (await sessionRows(isp.pool)).find((candidate) => candidate.username === 'counted')
      const { inputOctets, outputOctets } = session.counters
      expect(row).toMatchObject({ sessionTime: 1000n, inputOctets, outputOctets, endedBy: 'stop', epoch: 0 })
      for (const table of ['usage_hour', 'usage_period']) {
        const { rows } = await isp.pool.query(
          `select sum(input_octets)::bigint as input, sum(output_octets)::bigint as output from ${table} where subscriber_id = $1`,
          [id],
        )
        expect({ table, rows }).toEqual({ table, rows: [{ input: inputOctets, output: outputOctets }] })
      }
    })

    it('is refused at the next dial once blocked, and let in once unblocked; the live session gets an order', async () => {
      await isp.subscriber('blocked')
      const session = await online('blocked')
      await isp.service.drained()
      const by = ownAuthor('system', 'test', isp.service.keyring)
      const unpaid = { username: 'blocked', params: { reason: 'unpaid' } }
      const blocked = await takeByUsername(isp.db, block, unpaid, by, systemClock.now())
      expect(blocked).toMatchObject({ kind: 'done', detail: { sessions: 1 } })
      const orders = await isp.pool.query(`select wish, reason, state from coa_order order by id desc limit 1`)
      expect(orders.rows).toEqual([{ wish: 'disconnect', reason: 'blocked', state: 'waiting' }])
      await mikrotik.stop(session, 'User-Request')
      expect(await refused('blocked')).toBe('Your service is blocked')
      await takeByUsername(isp.db, unblock, { username: 'blocked', params: {} }, by, systemClock.now())
      await mikrotik.stop(await online('blocked'), 'User-Request')
    })

    it('is refused after expiry, or led into the walled garden where the plan says so', async () => {
      await isp.subscriber('expired', { expiresAt: '2026-01-01' })
      await isp.subscriber('gardened', { expiresAt: '2026-01-01', plan: 'Garden50' })
      expect(await refused('expired')).toBe('Your subscription has ended')
      const session = await online('gardened')
      expect(session.grant.sessionTimeout).toBe(900)
      await mikrotik.stop(session, 'User-Request')
    })

    it('becomes active at its first login', async () => {
      const id = await isp.subscriber('fresh')
      const before = await isp.pool.query(`select activated_at, expires_at from subscriber where id = $1`, [id])
      expect(before.rows).toEqual([{ activated_at: null, expires_at: null }])
      const session = await online('fresh')
      const after = await isp.pool.query<{ days: number }>(
        `select extract(epoch from expires_at - activated_at)::float / 86400 as days from subscriber where id = $1`,
        [id],
      )
      expect(after.rows[0]?.days).toBeCloseTo(30, 1)
      await mikrotik.stop(session, 'User-Request')
    })

    it('hears the same for an unknown name and for a wrong password', async () => {
      await isp.subscriber('guarded')
      const unknown = await refused('nobody.at.all')
      const wrong = await refused('guarded', { password: 'a wrong password' })
      expect(unknown).toBe('Login failed')
      expect(wrong).toBe(unknown)
    })

    it('may type its name in another case and with blanks around it', async () => {
      await isp.subscriber('maria.huber')
      const session = await online(' Maria.HUBER ')
      expect(await mikrotik.stop(session, 'User-Request')).toBe(true)
    })
  })

  describe('a limit of one session', () => {
    it('lets the same line redial at once, and refuses a second line', async () => {
      await isp.subscriber('single')
      const first = await online('single')
      // The modem lost power: no Stop, and it dials again.
      const second = await online('single')
      expect(second.acctSessionId).not.toBe(first.acctSessionId)
      expect(await refused('single', { mac: 'd4:ca:6d:99:99:99' })).toBe('You are logged in too often')
      await mikrotik.stop(second, 'User-Request')
      // The first one was replaced by the second, so nothing is live any more.
      await mikrotik.stop(await online('single', { mac: 'd4:ca:6d:99:99:99' }), 'User-Request')
      await isp.service.drained()
      const rows = (await sessionRows(isp.pool)).filter((row) => row.username === 'single')
      expect(rows.map((row) => row.endedBy)).toEqual(['replaced', 'stop', 'stop'])
    })
  })
})
