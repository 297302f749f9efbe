// The NAS doctor finds what is wrong by our own books and counters: each fault is planted at a NAS of its own, over real UDP where
// it can be made there, and the command that mends it is named.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { setClient } from '../../src/domain/client.ts'
import { changeNasSettings } from '../../src/domain/nas-settings.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useDatabase } from '../support/database.ts'
import { ask, nasBehind, wrong } from '../support/doctor.ts'
import { openIsp, type Isp, type NasInput } from '../support/isp.ts'

const database = useDatabase()
const minuteMs = 60_000
const brief = { timeoutMs: 300, tries: 1 }
let isp: Isp
let names = 0

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan()
})
// Each NAS here is a world of its own with the same addresses, the mute one tells of nobody, and
// of twins nobody can say who has whom.
afterAll(() => isp.close({ I9: /both have 10\.1\./, I10: /on (mute|twin)/ }))

const later = (minutes: number): Date => new Date(Date.now() + minutes * minuteMs)

/** A NAS of its own that takes orders, and its row. */
async function plant(name: string, address: string, input: NasInput = {}) {
  const nas = await isp.nas(name, address, { coaPort: 0, ...input })
  const { id } = await nasBehind(isp, name)
  await isp.pool.query('update nas set coa_port = $2 where id = $1', [id, nas.coaPort ?? 9])
  return { nas, id }
}

async function online(nas: SimulatedNas): Promise<string> {
  const username = `anna.${(names += 1)}`
  await isp.subscriber(username)
  const outcome = await nas.dial(
    isp.dial(username, { mac: `02:00:00:00:01:${names.toString(16).padStart(2, '0')}`, method: 'pap' }),
  )
  if (outcome.kind !== 'online') throw new Error(JSON.stringify(outcome))
  await outcome.started
  return username
}

/** The client is latched a moment after its first signed request. */
async function latched(client: string): Promise<void> {
  await expect
    .poll(
      async () =>
        (
          await isp.pool.query('select message_authenticator_seen_at as at from radius_client where name = $1', [
            client,
          ])
        ).rows,
    )
    .toEqual([{ at: expect.any(Date) as Date }])
}

const found = (diagnosis: Awaited<ReturnType<typeof ask>>, code: string) =>
  diagnosis.findings.find((finding) => finding.code === code)

describe('a healthy NAS', () => {
  it('has neither fault nor warning, and is told what could not be looked at', async () => {
    const { nas, id } = await plant('healthy', '127.1.1.1')
    await online(nas)
    await latched('healthy')
    const diagnosis = await ask(isp, id)
    expect(wrong(diagnosis)).toEqual([])
    expect(diagnosis).toMatchObject({ nas: 'healthy', vendor: 'mikrotik', severity: 'ok' })
    expect(found(diagnosis, 'coa')?.sentence).toBe(`it answers orders at 127.1.1.1 port ${nas.coaPort}`)
    expect(diagnosis.notSeen).toEqual([
      {
        what: 'how the router itself is set up',
        why: 'nobody gave us access to it',
        mend: 'gatehouse nas router healthy --rest --user gatehouse --password-stdin --pin FINGERPRINT',
      },
    ])
    // The question was an order about nobody.
    expect(nas.sessions()).toHaveLength(1)
  })
})

describe('the doctor finds', () => {
  it('a wrong secret, and that it was mended', async () => {
    const { nas, id } = await plant('secretive', '127.1.2.1', { secret: 'not what is kept here', timers: brief })
    await isp.subscriber('locked.out')
    expect(await nas.dial(isp.dial('locked.out'))).toMatchObject({ kind: 'timeout' })
    const diagnosis = await ask(isp, id)
    expect(found(diagnosis, 'wrong-secret')).toMatchObject({
      severity: 'fault',
      mend: '/radius set [find comment="Gatehouse"] secret="SECRET-NOT-SHOWN"',
      evidence: { packets: 1, sources: '127.1.2.1' },
    })
    expect(diagnosis.severity).toBe('fault')
    nas.close()
    const mended = await isp.nas('secretive', '127.1.2.1', { behind: true, coaPort: 0 })
    await isp.pool.query('update nas set coa_port = $2 where id = $1', [id, mended.coaPort])
    await online(mended)
    await latched('secretive')
    // The next packet that is right comes later than the last that was wrong.
    await isp.pool.query(`update nas_tally set last_at = last_at - interval '2 minutes' where kind like 'bad%'`)
    expect(wrong(await ask(isp, id))).toEqual([])
  })

  it('packets from beside it that no client sends', async () => {
    const { nas, id } = await plant('at.home', '127.1.3.1')
    await online(nas)
    await latched('at.home')
    const stranger = await isp.nas('at.home', '127.1.3.9', { behind: true, timers: brief })
    expect(await stranger.dial(isp.dial('nobody'))).toMatchObject({ kind: 'timeout' })
    expect(wrong(await ask(isp, id))).toEqual([
      expect.objectContaining({
        code: 'unknown-source',
        severity: 'warning',
        sentence: 'packets come from 127.1.3.9, near it, and no client has that address',
        mend: '/radius set [find address=127.0.0.1] src-address=127.1.3.1, or here: gatehouse client add --name at.home-2 --address 127.1.3.9',
      }),
    ])
    await isp.client('neighbour', '127.1.3.9')
    expect(wrong(await ask(isp, id))).toEqual([])
  })

  it('that nothing was ever heard, which with a stranger beside it is a fault', async () => {
    const { id } = await plant('unheard', '127.1.4.1')
    expect(found(await ask(isp, id), 'never-heard')).toMatchObject({ severity: 'fault' })
    const stranger = await isp.nas('unheard', '127.1.4.9', { behind: true, timers: brief })
    await stranger.dial(isp.dial('nobody'))
    expect(found(await ask(isp, id), 'unknown-source')).toMatchObject({ severity: 'fault' })
  })

  it('logins without accounting', async () => {
    const server = { address: '127.0.0.1', authPort: isp.service.authPort, acctPort: 9 }
    const { nas, id } = await plant('mute', '127.1.5.1', { server, timers: brief })
    await online(nas)
    await latched('mute')
    // The Start may still be on its way.
    expect(wrong(await ask(isp, id))).toEqual([])
    const diagnosis = await ask(isp, id, { now: later(3) })
    expect(wrong(diagnosis)).toMatchObject([
      {
        code: 'no-accounting',
        severity: 'fault',
        mend: '/ppp aaa set use-radius=yes accounting=yes interim-update=5m',
        evidence: { accepts: 1 },
      },
    ])
  })

  it('missing and irregular Interims, of the time in which we listened', async () => {
    const { nas, id } = await plant('lazy', '127.1.6.1')
    const username = await online(nas)
    await latched('lazy')
    const age = (set: string) => isp.pool.query(`update session set ${set} where username = $1`, [username])
    await age(`started_at = now() - interval '1 hour', updated_at = now() - interval '1 hour'`)
    // We were not there: nothing is known.
    expect(wrong(await ask(isp, id))).toEqual([])
    await isp.pool.query(`update listening set started_at = started_at - interval '2 hours'`)
    const mend = '/ppp aaa set use-radius=yes accounting=yes interim-update=5m'
    await age('interim_interval_s = 300')
    expect(wrong(await ask(isp, id))).toMatchObject([
      { code: 'no-interims', severity: 'fault', mend, evidence: { asked_s: 300, sessions: 1, without: 1 } },
    ])
    await age('interims = 4, session_time = 3600, updated_at = now()')
    expect(wrong(await ask(isp, id))).toMatchObject([
      { code: 'irregular-interims', severity: 'warning', mend, evidence: { asked_s: 300, observed_s: 900 } },
    ])
    await age('interims = 12')
    expect(wrong(await ask(isp, id))).toEqual([])
  })

  it('that it takes no orders', async () => {
    const { nas, id } = await plant('deaf', '127.1.7.1', { coaPort: 0 })
    await online(nas)
    await latched('deaf')
    await isp.pool.query('update nas set coa_port = 9 where id = $1', [id])
    expect(wrong(await ask(isp, id))).toMatchObject([
      { code: 'coa-unreachable', severity: 'fault', mend: '/radius incoming set accept=yes port=9' },
    ])
    const { rows } = await isp.pool.query<{ name: string }>('select name from nas where id = $1', [id])
    await changeNasSettings(isp.db, rows[0]!.name, { coa: false, disconnect: false })
    expect(wrong(await ask(isp, id))).toEqual([])
  })

  it('that it takes orders from another address of ours only', async () => {
    const { nas, id } = await plant('choosy', '127.1.8.1', { coaFrom: '127.0.0.1' })
    await online(nas)
    await latched('choosy')
    await isp.service.flush()
    await isp.pool.query(`update nas_contact set heard_on = '127.0.0.9' where nas_id = $1`, [id])
    const [finding, ...more] = wrong(await ask(isp, id))
    expect(more).toEqual([])
    expect(finding).toMatchObject({ code: 'source-refused', severity: 'fault' })
    expect(finding?.sentence).toMatch(/answers orders from 127\.0\.0\.1 and none from 127\.0\.0\.9/)
    expect(finding?.mend).toMatch(/^\/radius add service=ppp,dhcp,hotspot address=127\.0\.0\.9 /)
    // Of an address that another machine has, nothing can be asked from here.
    await isp.pool.query(`update nas_contact set heard_on = '192.0.2.77' where nas_id = $1`, [id])
    const elsewhere = await ask(isp, id)
    expect(wrong(elsewhere)).toEqual([])
    expect(elsewhere.notSeen[0]).toMatchObject({
      what: 'whether it takes orders',
      mend: 'ask on the machine that has 192.0.2.77',
    })
  })

  it('answers to orders under another secret', async () => {
    const { nas, id } = await plant('liar', '127.1.9.1')
    await online(nas)
    await latched('liar')
    const socket = createSocket('udp4')
    socket.on('message', (request, from) => {
      const reply = Buffer.alloc(20, 7)
      reply.set([45, request[1]!, 0, 20])
      socket.send(reply, from.port, from.address)
    })
    socket.bind(0, '127.1.9.1')
    await once(socket, 'listening')
    await isp.pool.query('update nas set coa_port = $2 where id = $1', [id, socket.address().port])
    expect(wrong(await ask(isp, id))).toMatchObject([
      { code: 'coa-secret', severity: 'fault', mend: '/radius set [find address=127.0.0.1] secret="SECRET-NOT-SHOWN"' },
    ])
    socket.close()
  })

  it('a clock that goes wrong', async () => {
    const clock = { ...systemClock, now: () => new Date(Date.now() + 10 * minuteMs) }
    const { nas, id } = await plant('early', '127.1.10.1', { clock })
    await online(nas)
    await latched('early')
    const [finding, ...more] = wrong(await ask(isp, id))
    expect(more).toEqual([])
    expect(finding).toMatchObject({
      code: 'clock',
      severity: 'fault',
      mend: '/system ntp client set enabled=yes servers=pool.ntp.org; here: gatehouse nas set early trust_time=false',
    })
    expect(finding?.sentence).toMatch(/its clock is (599|600) s ahead/)
  })

  it('requests that are not signed: a warning while they are let in, a fault when they are dropped', async () => {
    const { nas, id } = await plant('unsigned', '127.1.11.1', { vendor: 'accel-ppp', timers: brief })
    await online(nas)
    const mend = '[radius] blast-protection=1'
    expect(wrong(await ask(isp, id))).toMatchObject([{ code: 'unsigned', severity: 'warning', mend }])
    await setClient(isp.db, { name: 'unsigned', messageAuthenticator: 'off' })
    expect(wrong(await ask(isp, id))).toMatchObject([
      { code: 'unsigned', severity: 'warning', mend: 'gatehouse client set unsigned --message-authenticator auto' },
    ])
    await setClient(isp.db, { name: 'unsigned', messageAuthenticator: 'require' })
    await isp.service.refresh()
    expect(await nas.dial(isp.dial('anna.1'))).toMatchObject({ kind: 'timeout' })
    expect(wrong(await ask(isp, id))).toMatchObject([{ code: 'unsigned', severity: 'fault', mend }])
  })

  it('several devices that speak as one', async () => {
    await isp.client('site', '127.1.12.0/24')
    const twins = [
      await isp.nas('twin', '127.1.12.1', { behind: true, coaPort: 0 }),
      await isp.nas('twin', '127.1.12.2', { behind: true, coaPort: 0 }),
    ]
    for (const nas of [...twins, ...twins]) await online(nas)
    await latched('site')
    const { id } = await nasBehind(isp, 'site')
    await isp.pool.query(`update nas set coa_port = $2, vendor = 'mikrotik' where id = $1`, [id, twins[1]!.coaPort])
    expect(wrong(await ask(isp, id))).toMatchObject([
      {
        code: 'shared-client',
        severity: 'fault',
        mend: 'each needs a name of its own: /system identity set name="site/twin-2"',
      },
    ])
  })

  it('patience that is too short for our answers', async () => {
    const { nas, id } = await plant('hasty', '127.1.13.1')
    await online(nas)
    await latched('hasty')
    await isp.pool.query(
      `insert into answer_time (minute, instance, kind, answers, p99_ms) values (now(), 'slow', 'authentication', 100, 2400)`,
    )
    expect(wrong(await ask(isp, id))).toMatchObject([
      {
        code: 'patience',
        severity: 'fault',
        mend: '/radius set [find address=127.0.0.1] timeout=5s; here: gatehouse nas set hasty patience_ms=5000',
      },
    ])
    // Minutes later nothing of it is left.
    expect(found(await ask(isp, id, { now: later(11) }), 'patience')).toMatchObject({ severity: 'ok' })
    await isp.pool.query(`delete from answer_time where instance = 'slow'`)
  })
})
