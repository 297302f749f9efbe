// The generator in C against our own RADIUS server: whatever it sends must verify, prove its password and count its sessions.
// Where there is no C compiler there is no such generator.

import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { nativeGenerator, runNative } from '../../bench/native-generator.ts'
import type { Work } from '../../bench/generator-orders.ts'
import { benchmarkSubscriber } from '../../bench/subscribers.ts'
import { firstInteger, firstOctets, firstText } from '../../src/radius/attributes.ts'
import { recoverPassword } from '../../src/radius/hiding.ts'
import { verifyChap } from '../../src/radius/password.ts'
import type { RadiusRequest } from '../../src/radius/server.ts'
import type { RadiusClient } from '../../src/radius/admission.ts'
import { dictionary } from '../support/dictionary.ts'
import { secret } from '../support/radius.ts'
import { testServer } from '../support/radius-server.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-generator-'))
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))
const attribute = (name: string) => dictionary.attribute(name)!

/** One, or none. */
const programs = [nativeGenerator('auth-pap', folder)].filter((program) => program !== undefined)

/** The password that a login proves, by whichever method. */
function isRight({ packet }: RadiusRequest<RadiusClient>): boolean {
  const username = firstText(packet, attribute('User-Name'))!
  const { password } = benchmarkSubscriber(Number(username.slice('line'.length)))
  const hidden = firstOctets(packet, attribute('User-Password'))
  if (hidden !== undefined) return recoverPassword(hidden, secret.octets, packet.authenticator)?.toString() === password
  const chap = firstOctets(packet, attribute('CHAP-Password'))!
  return verifyChap(chap, packet.authenticator, Buffer.from(password)) === 'match'
}

async function drive(program: string, work: Work, subscribers = 500) {
  const server = await testServer()
  const heard: string[] = []
  const result = await runNative(
    program,
    {
      work,
      secret: secret.octets.toString(),
      authPort: server.authentication,
      acctPort: server.accounting,
      replySigned: true,
      window: 80,
      subscribers,
      run: 7,
      warmupSeconds: 0.05,
      seconds: 0.2,
    },
    ({ kind }) => heard.push(kind),
  )
  expect(heard).toEqual(['begin', 'end'])
  expect(result).toMatchObject({ lost: 0, wrong: 0, retransmissions: 0 })
  expect(result.requests).toBeGreaterThan(0)
  expect(server.counted.filter((one) => one.startsWith('dropped'))).toEqual([])
  return server.handled
}

describe.each(programs)('the generator in C', (program) => {
  it.each(['auth-pap', 'auth-chap'] as const)('sends signed logins that prove their password: %s', async (work) => {
    const handled = await drive(program, work)
    expect(handled.every((one) => one.messageAuthenticator && isRight(one))).toBe(true)
  })

  it('sends each session from Start to Stop, one record after the other', async () => {
    const handled = await drive(program, 'acct-mix')
    const sessions = Map.groupBy(handled, ({ packet }) => firstText(packet, attribute('Acct-Session-Id')))
    const first = [...sessions.values()].slice(0, 80)
    const said = first.map((records) =>
      records.map(({ packet }) => firstInteger(packet, attribute('Acct-Status-Type'))),
    )
    expect(said).toEqual(said.map(() => [1, 3, 3, 3, 2]))
    const last = first.map((records) => firstInteger(records[4]!.packet, attribute('Acct-Input-Octets')))
    expect(last).toEqual(last.map(() => 5 * 1_000_003))
  })

  it('brings every subscriber of a storm online once', async () => {
    const handled = await drive(program, 'storm', 200)
    const names = handled.map(({ packet }) => firstText(packet, attribute('User-Name')))
    expect(names).toHaveLength(400)
    expect(new Set(names).size).toBe(200)
  })
})

describe('a work that it does not know', () => {
  it('is left to the other generator', () => {
    expect(nativeGenerator('auth-mschapv2', folder)).toBeUndefined()
  })
})
