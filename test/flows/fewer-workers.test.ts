// An instance gets fewer RADIUS processes while one that goes has acknowledged accounting in its journal, and a journal that cannot
// be opened at the start: what was acknowledged is in the books in the end.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { openJournal } from '../../src/aaa/journal/journal.ts'
import { stripSecrets } from '../../src/aaa/journal/strip-secrets.ts'
import { systemClock } from '../../src/clock.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { makeNas, makeSubscriber } from '../support/accounting.ts'
import { packetWith, testContext } from '../support/attributes.ts'
import { useDatabase } from '../support/database.ts'
import { dictionary } from '../support/dictionary.ts'
import { openTestKeyring } from '../support/keyring.ts'
import { startTestService, type TestService } from '../support/service.ts'

const database = useDatabase()
let keys: Awaited<ReturnType<typeof openTestKeyring>>
let stateDirectory: string
let service: TestService | undefined

beforeAll(async () => {
  keys = await openTestKeyring(database.pool)
})
afterAll(() => keys.remove())
beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), 'gatehouse-fewer-'))
})
afterEach(async () => {
  await service?.close()
  service = undefined
  rmSync(stateDirectory, { recursive: true, force: true })
})

/** The process of that number acknowledged a Start and an interim by its journal, and ended before Postgres had them. */
async function acknowledge(worker: number, sessionId: string): Promise<void> {
  const nas = await makeNas(database.pool)
  const { username } = await makeSubscriber(database.pool)
  const directory = join(stateDirectory, `journal-${worker}`)
  const options = { capOctets: 8 << 20, segmentOctets: 256 << 10, clock: systemClock, onTrouble: () => undefined }
  const journal = await openJournal({ ...options, directory })
  for (const [status, seconds] of [
    ['Start', 0],
    ['Interim-Update', 60],
  ] as const) {
    const attributes = Object.entries({
      'Acct-Status-Type': status,
      'Acct-Session-Id': sessionId,
      'User-Name': username,
      'Acct-Session-Time': seconds,
      'Acct-Input-Octets': seconds * 10,
    }).map(([name, value]) => ({ name, value }))
    const packet = stripSecrets(packetWith(encodeAttributes(dictionary, attributes, testContext())))
    await journal.append({ receivedAt: systemClock.now(), nasId: nas.id, username: undefined, packet })
  }
  await journal.close()
}

const inTheBooks = async () => {
  const { rows } = await database.pool.query(
    `select acct_session_id as id, session_time::int as seconds, input_octets::int as input from session order by 1`,
  )
  return rows as unknown[]
}

it('what the process that is no more had acknowledged is recorded by the first one', async () => {
  await acknowledge(2, 'left-behind')
  service = await startTestService(database, { stateDirectory, workers: 1, keyFile: keys.keyFile })
  await expect
    .poll(inTheBooks, { interval: 20, timeout: 10_000 })
    .toEqual([{ id: 'left-behind', seconds: 60, input: 600 }])
  await service.drained()
})

it('a journal that could not be opened at the start is opened later, and what lies in it is recorded', async () => {
  await acknowledge(1, 'shut-in')
  const [directory, segment] = [join(stateDirectory, 'journal-1'), '00000000000000000009.segment']
  // Something that is no file where one should be.
  mkdirSync(join(directory, segment))
  writeFileSync(join(directory, segment, 'in the way'), '')
  service = await startTestService(database, { stateDirectory, workers: 1, keyFile: keys.keyFile })
  await service.drained()
  expect(JSON.stringify(await inTheBooks())).not.toContain('shut-in')
  rmSync(join(directory, segment), { recursive: true })
  await expect
    .poll(async () => JSON.stringify(await inTheBooks()), { interval: 20, timeout: 15_000 })
    .toContain('shut-in')
})
