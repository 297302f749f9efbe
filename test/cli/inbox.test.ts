import { beforeAll, describe, expect, it } from 'vitest'
import { addInboxCommands } from '../../src/cli/inbox.ts'
import { unmatchedFingerprint, writeUnmatched } from '../../src/domain/unmatched.ts'
import type { LineFacts } from '../../src/domain/line.ts'
import { insertPlan, insertRow, insertSubscriber, macA, macB, noon } from '../support/access.ts'
import { useCommands } from '../support/commands.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { run, table, json } = useCommands(database, addInboxCommands)

beforeAll(async () => {
  const { pool } = database
  const client = await insertRow(pool, 'radius_client', { name: 'c', prefix: '192.0.2.1', nas_group_id: 1 })
  await insertRow(pool, 'nas', { client_id: client, name: 'bng1', nas_group_id: 1 })
  await insertSubscriber(pool, { username: 'anna', plan_id: await insertPlan(pool) })
})

function arrive(username: string, facts: Partial<LineFacts>, reason = 'unknown'): Promise<number> {
  const all = {
    mac: undefined,
    circuitId: undefined,
    remoteId: undefined,
    duid: undefined,
    interface: undefined,
    ...facts,
  }
  const sent = JSON.stringify({ 'User-Name': username, 'NAS-Port': 7 })
  const fingerprint = unmatchedFingerprint(all, username)
  const times = { count: 3, firstAt: noon, lastAt: noon }
  return writeUnmatched(database.pool, [{ nasId: 1n, fingerprint, username, facts: all, reason, sent, ...times }])
}

describe('inbox', () => {
  it('is empty at first', async () => {
    expect(await run('inbox list')).toEqual(['nothing came that matched nobody'])
    expect(await json('inbox list')).toEqual([])
    await expect(run('inbox list --nas bng9')).rejects.toThrow('there is no NAS "bng9"')
  })

  it('lists what came, for people and for programs', async () => {
    await arrive('anna', { mac: macA }, 'mac-not-bound')
    await arrive('st\u001branger', { circuitId: Buffer.from('olt 1'), interface: { raw: 'vlan12', cVlan: 12 } })
    expect(await table('inbox list --nas bng1')).toEqual([
      'ID LAST TIMES NAS USERNAME MAC LINE REASON',
      '2 2026-03-10T12:00:00Z 3 bng1 st?ranger - vlan12, circuit-id olt 1 unknown',
      `1 2026-03-10T12:00:00Z 3 bng1 anna (known) ${macA} - mac-not-bound`,
    ])
    expect(await json('inbox list')).toMatchObject([
      { id: 2, c_vlan: 12, circuit_id: 'olt 1', sent: { 'NAS-Port': 7 }, count: '3', known: false },
      { id: 1, nas: 'bng1', nas_group: 'default', mac: macA, first_at: '2026-03-10T12:00:00.000Z' },
    ])
  })

  it('attaches a request to a subscriber', async () => {
    expect(await run('inbox attach 1 --subscriber anna')).toEqual([`subscriber anna has mac ${macA} from now on`])
    await arrive('anna', { mac: macB, circuitId: Buffer.from('olt 2') })
    expect(await json('inbox attach 3 --subscriber anna --fact mac,circuit-id')).toEqual({
      username: 'anna',
      facts: [
        { fact: 'mac', value: macB },
        { fact: 'circuit-id', value: 'olt 2' },
      ],
    })
    expect(await json('inbox list')).toMatchObject([{ id: 2 }])
  })

  it.each([
    ['x --subscriber anna', 'id: is the number that inbox list shows'],
    ['99 --subscriber anna', 'there is no inbox entry "99"'],
    ['2 --subscriber nobody', 'there is no subscriber "nobody"'],
    ['2 --subscriber anna --fact shoe-size', 'fact: "shoe-size" is none of mac, circuit-id'],
    ['2 --subscriber anna --fact duid', 'fact: the request carried no duid'],
  ])('does not attach %s', async (words, message) => {
    await expect(run(`inbox attach ${words}`)).rejects.toThrow(message)
  })

  it('accepts the next MAC for a while', async () => {
    const [line] = await run('inbox accept-next-mac anna')
    expect(line).toMatch(/^the next unknown MAC of subscriber anna is accepted until \d{4}-\d\d-\d\dT[\d:]+Z$/)
    const { until } = (await json('inbox accept-next-mac anna --minutes 60')) as { until: string }
    const { rows } = await database.pool.query('select learn_mac_until from subscriber')
    expect(rows).toEqual([{ learn_mac_until: new Date(until) }])
    await expect(run('inbox accept-next-mac anna --minutes 0')).rejects.toThrow('minutes: ')
  })
})
