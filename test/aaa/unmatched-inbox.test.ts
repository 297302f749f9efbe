// The inbox from the packet to the mend: a rejected request comes in, somebody attaches it, and the next one is let in.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createKysely } from '../../src/db/pool.ts'
import type { Database, Db } from '../../src/db/schema.ts'
import { attachUnmatched, openLearnWindow } from '../../src/domain/unmatched-attach.ts'
import { listUnmatched } from '../../src/domain/unmatched.ts'
import { after, insertPlan, insertRow, insertSubscriber, macA, macB, noon } from '../support/access.ts'
import { pap, startAccess } from '../support/access-handler.ts'
import type { AccessUnderTest } from '../support/access-handler.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const password = 'secret of anna'
const dial = (username: string, typed: string, mac: string) => [
  ...pap(username, typed).filter(({ name }) => name !== 'Calling-Station-Id'),
  { name: 'Calling-Station-Id', value: mac },
]
let access: AccessUnderTest
let db: Db
let planId = 0n

beforeAll(async () => {
  access = await startAccess(database)
  db = createKysely<Database>(database.pool)
  planId = await insertPlan(database.pool)
  const client = await insertRow(database.pool, 'radius_client', { name: 'c', prefix: '192.0.2.1', nas_group_id: 1 })
  await insertRow(database.pool, 'nas', { client_id: client, name: 'bng-1', nas_group_id: 1 })
})
afterAll(() => access.close())

beforeEach(async () => {
  for (const table of ['subscriber', 'unmatched_request']) await database.pool.query(`delete from ${table}`)
  const anna = await insertSubscriber(
    database.pool,
    { username: 'anna', plan_id: planId },
    { keyring: access.keyring, password },
  )
  await insertRow(database.pool, 'device', { subscriber_id: anna, mac: macA, bound: true })
})

const inbox = async () => {
  await access.handler.flush()
  return listUnmatched(db)
}

describe('the inbox of unmatched requests', () => {
  it('gets who is not known, with what was sent and without the password', async () => {
    expect(await access.ask(dial('stranger', 'typed secret', macB))).toMatchObject({ code: 3 })
    const [request, ...others] = await inbox()
    expect(others).toEqual([])
    expect(request).toMatchObject({ nas: 'bng-1', username: 'stranger', known: false, reason: 'unknown', count: 1n })
    expect(request!.sent).toMatchObject({ 'User-Name': 'stranger', 'Calling-Station-Id': macB })
    expect(Object.keys(request!.sent as object).join(' ')).not.toMatch(/Password|Attr-/)
  })

  it('gets no wrong password and no accept', async () => {
    expect(await access.ask(dial('anna', 'wrong', macA))).toMatchObject({ code: 3 })
    expect(await access.ask(dial('anna', password, macA))).toMatchObject({ code: 2 })
    expect(await inbox()).toEqual([])
  })

  it('lets a new router in as soon as it is attached', async () => {
    expect(await access.ask(dial('anna', password, macB))).toMatchObject({ code: 3 })
    const [request] = await inbox()
    expect(request).toMatchObject({ username: 'anna', known: true, mac: macB, reason: 'mac-not-bound' })
    await attachUnmatched(db, { id: request!.id, username: 'anna' }, noon)
    expect(await access.ask(dial('anna', password, macB))).toMatchObject({ code: 2 })
    expect(await inbox()).toEqual([])
  })

  it('need not be asked where the next MAC is to be accepted', async () => {
    await openLearnWindow(db, { username: 'anna' }, after(-60))
    expect(await access.ask(dial('anna', password, macB))).toMatchObject({ code: 2 })
    await openLearnWindow(db, { username: 'anna' }, after(-16 * 60))
    const third = '02:00:00:00:00:03'
    expect(await access.ask(dial('anna', password, third))).toMatchObject({ code: 3 })
    expect(await inbox()).toMatchObject([{ mac: third }])
  })

  it('makes an IPoE line somebody’s', async () => {
    await database.pool.query(`update subscriber set account_type = 'ipoe'; delete from device`)
    const lease = [
      { name: 'User-Name', value: macB.toUpperCase() },
      { name: 'User-Password', value: '' },
      { name: 'NAS-Port-Type', value: 15 },
      { name: 'Calling-Station-Id', value: macB },
    ]
    expect(await access.ask(lease)).toMatchObject({ code: 3 })
    const [request] = await inbox()
    expect(request).toMatchObject({ mac: macB, reason: 'unknown' })
    const attached = await attachUnmatched(db, { id: request!.id, username: 'anna' }, noon)
    expect(attached.facts).toEqual([{ fact: 'mac', value: macB }])
    expect(await access.ask(lease)).toMatchObject({ code: 2 })
  })
})
