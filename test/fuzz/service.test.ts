// The whole service on real sockets and a real database under octets of any kind, signed as the NAS would sign them so that
// they get past the door: nothing is our fault, nothing is left hanging, no log line carries what a terminal obeys.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { addClient } from '../../src/domain/client.ts'
import { addPlan } from '../../src/domain/plan.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { createLogger } from '../../src/log.ts'
import { useDatabase } from '../support/database.ts'
import { attribute, packetOf, secret } from '../support/radius.ts'
import { request, testNas } from '../support/radius-server.ts'
import { startTestService } from '../support/service.ts'
import type { TestService } from '../support/service.ts'
import { readCorpus } from './corpus.ts'

const database = useDatabase()
const lines: string[] = []
let service: TestService

beforeAll(async () => {
  const log = createLogger({ level: 'trace', stream: { write: (line) => void lines.push(line) } })
  service = await startTestService(database, { log })
  const db = createKysely<Database>(database.pool)
  const now = new Date()
  const shared = secret.octets.toString()
  await addClient(db, service.keyring, { name: 'bng', address: '127.0.0.1', vendor: 'mikrotik', secret: shared }, now)
  await addPlan(db, { name: 'home', down: '50M', up: '20M', days: 30 }, () => undefined, now)
  const author = ownAuthor('system', 'test', service.keyring)
  await addSubscriber(db, { username: 'anna', password: 'secret of anna', plan: 'home' }, author, now)
  await service.refresh()
})
afterAll(() => service.close())

const kinds = [
  { code: 1, port: () => service.authPort },
  { code: 4, port: () => service.acctPort },
] as const

/** Sends a burst, half of it signed requests with these attributes and half the octets as they are; waits until all is read. */
async function burst(inputs: readonly Buffer[]): Promise<void> {
  const nas = await testNas()
  for (const { code, port } of kinds) {
    for (const [at, data] of inputs.entries()) {
      nas.send(data, port())
      const attributes = Buffer.concat([attribute(1, 'anna'), data]).subarray(0, 3_900)
      nas.send(request({ code, identifier: at % 250, attributes }), port())
    }
  }
  // Datagrams of one socket pair arrive in order: when Status-Server is answered all before it were read. On a busy machine it
  // may be asked again, as a NAS would.
  const barriers = kinds.map(({ code, port }) => {
    const asked = request({ code: 12, identifier: 251 + code, attributes: Buffer.alloc(0) })
    return () => nas.send(asked, port())
  })
  for (const ask of barriers) ask()
  const again = setInterval(() => barriers.forEach((ask) => ask()), 500)
  const seen = (): number[] => nas.arrived.map((octets) => packetOf(octets).identifier)
  while (!kinds.every(({ code }) => seen().includes(251 + code))) await new Promise(setImmediate)
  clearInterval(again)
}

/** Requests that were dropped by a fault of ours, or by one that nobody thought of. */
async function faults(): Promise<Record<string, number>> {
  const { values } = await service.metrics.dropped.get()
  const ours = values.filter(({ labels }) => /fault|error/.test(String(labels.reason)))
  return Object.fromEntries(ours.map(({ labels, value }) => [String(labels.reason), value]))
}

async function countOf(name: 'decisions' | 'records'): Promise<number> {
  const { values } = await service.metrics[name].get()
  return values.reduce((sum, { value }) => sum + value, 0)
}

/** Control octets, and the characters that turn a line round or break it. */
function isObeyed(character: string): boolean {
  const code = character.codePointAt(0)!
  return code < 32 || (code >= 127 && code < 160) || /[\u2028-\u202e\u2066-\u2069]/.test(character)
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((octets) => Buffer.from(octets))
const text = fc.string({ unit: 'binary', maxLength: 40 }).map((value) => Buffer.from(value))
const statusType = fc.nat({ max: 16 }).map((status) => attribute(40, Buffer.of(0, 0, 0, status)))
const field = fc.tuple(
  fc.constantFrom(2, 3, 4, 8, 24, 25, 31, 32, 33, 41, 42, 44, 46, 52, 55, 60, 61, 77, 79, 80, 87, 95, 97, 168),
  fc.oneof(bytes(8), bytes(60), text),
)
const attributes = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: field.map(([type, value]) => attribute(type, value.subarray(0, 253))) },
      statusType,
    ),
    {
      maxLength: 12,
    },
  )
  .map((list) => Buffer.concat(list))

it('R50, R36: no octets are a fault of ours, and no log line carries control octets', { timeout: 60_000 }, async () => {
  const kept = ['readers', 'datagram'].flatMap((target) => readCorpus(target).map(({ data }) => data))
  for (let at = 0; at < kept.length; at += 50) await burst(kept.slice(at, at + 50))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(attributes, attributes, bytes(200)), { minLength: 20, maxLength: 40 }),
      async (inputs) => {
        await burst(inputs)
        expect(await faults()).toEqual({})
      },
    ),
    { numRuns: 60, endOnFailure: true },
  )
  // What the readers took is written, too.
  await service.flush()
  expect(await faults()).toEqual({})
  const obeyed = lines.filter((line) => [...line.trimEnd()].some(isObeyed))
  expect(obeyed).toEqual([])
  // And it was no idle run: requests were decided and recorded.
  expect(await countOf('decisions')).toBeGreaterThan(200)
  expect(await countOf('records')).toBeGreaterThan(20)
  expect(lines.length).toBeGreaterThan(0)
  expect(lines.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([])
})
