// What the stories of enforcement share: NASes that take orders and keep what they heard, deeds upon subscribers, and delivery by
// a clock that moves ahead.
import { expect } from 'vitest'
import { ownAuthor } from '../../src/domain/author.ts'
import { changeNasSettings } from '../../src/domain/nas-settings.ts'
import { findAction } from '../../src/domain/subscriber-action/list.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import type { CoaBehaviour, CoaOrder } from '../../src/simulator/coa.ts'
import type { DialOutcome } from '../../src/simulator/nas-options.ts'
import type { Dial, NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { sessionRows, type Isp, type NasInput } from './isp.ts'

/** A NAS that takes orders. What it does with them can be changed at any time. */
export type ObeyingNas = {
  nas: SimulatedNas
  heard: CoaOrder[]
  behave: (order: CoaOrder) => CoaBehaviour
}

/**
 * Adds a NAS that takes orders, seen already, so that it can be reached. Its port is a free one, its patience short and its pace
 * high, unless settings say otherwise.
 */
export async function obeyingNas(
  isp: Isp,
  [identifier, address]: [string, string],
  options: NasInput = {},
  settings: Record<string, unknown> = { coa_timeout_ms: 100, coa_tries: 2, coa_pace: 10_000 },
): Promise<ObeyingNas> {
  const heard: CoaOrder[] = []
  const obeying: Omit<ObeyingNas, 'nas'> = { heard, behave: () => 'obey' }
  const onOrder = (order: CoaOrder): CoaBehaviour => {
    heard.push(order)
    return obeying.behave(order)
  }
  const nas = await isp.nas(identifier, address, { coaPort: 0, onOrder, ...options })
  expect(await nas.tell('Accounting-On')).toBe(true)
  await isp.service.flush()
  const { rows } = await isp.pool.query<{ name: string }>(
    `update nas set coa_port = $2 from radius_client client
     where client.id = nas.client_id and client.name = $1 returning nas.name`,
    [identifier, nas.coaPort],
  )
  expect(rows).toHaveLength(1)
  await changeNasSettings(isp.db, rows[0]!.name, settings)
  await isp.service.refresh()
  return Object.assign(obeying, { nas })
}

/** Does something to a subscriber as its button does; it must be done. */
export async function act(isp: Isp, action: string, subscriberId: bigint, params: object = {}): Promise<void> {
  const found = findAction(action)!
  const by = ownAuthor('system', 'test', isp.service.keyring)
  const input = { subscriberIds: [subscriberId], params: found.params.parse(params) }
  const [outcome] = await found.run(isp.db, input, by, new Date())
  expect(outcome).toMatchObject({ kind: 'done' })
}

/** A session whose Start is stored. */
export async function online(nas: SimulatedNas, dial: Dial): Promise<NasSession> {
  const outcome = await nas.dial(dial)
  if (outcome.kind !== 'online') throw new Error(`${dial.username}: ${JSON.stringify(outcome)}`)
  expect(await outcome.started).toBe(true)
  return outcome.session
}

/** What a NAS was told when it dialled, in one word, or the message of the reject. */
export function answerOf(outcome: DialOutcome): string {
  return outcome.kind === 'rejected' ? (outcome.message ?? 'rejected') : outcome.kind
}

/** By whom a session was ended; waits until it is. */
export async function endOf(isp: Isp, acctSessionId: string): Promise<string | undefined> {
  let by: string | undefined
  const look = async (): Promise<string | undefined> =>
    (by = (await sessionRows(isp.pool)).findLast((row) => row.acctSessionId === acctSessionId)?.endedBy)
  await expect.poll(look, { timeout: 10_000 }).toBeDefined()
  return by
}

/** The attributes of an order as `Name = value`, in the order of the wire, without those that no two orders share. */
export function wireOf(order: CoaOrder | undefined): string[] {
  const text = ({ name, value }: NamedAttribute): string =>
    `${name} = ${value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)}`
  return (order?.attributes ?? [])
    .filter(({ name }) => name !== 'Event-Timestamp' && name !== 'Message-Authenticator')
    .map(text)
}

/** The value of one attribute of an order. */
export function saidIn(order: CoaOrder | undefined, name: string): NamedAttribute['value'] | undefined {
  return order?.attributes.find((attribute) => attribute.name === name)?.value
}
