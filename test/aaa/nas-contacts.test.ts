import { beforeAll, describe, expect, it } from 'vitest'
import { rememberContacts } from '../../src/aaa/nas-contacts.ts'
import { createTestClock, systemClock, type Clock } from '../../src/clock.ts'
import { addClient } from '../../src/domain/client.ts'
import { createKysely, createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { openTestKeyring } from '../support/keyring.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
let nasId: bigint

beforeAll(async () => {
  const { keyring, remove } = await openTestKeyring(database.pool)
  const db = createKysely<Database>(database.pool)
  await addClient(db, keyring, { name: 'c', address: '192.0.2.0/24', secret: 'a secret for testing' }, new Date())
  remove()
  const { rows } = await database.pool.query<{ id: bigint }>(
    `insert into nas (client_id, name, identifier, nas_group_id) values (1, 'n', 'n', 1) returning id`,
  )
  nasId = rows[0]!.id
})

const stored = async (): Promise<unknown[]> =>
  (
    await database.pool.query(
      `select nas_id as id, host(source) as source, host(heard_on) as "heardOn" from nas_contact`,
    )
  ).rows
const told: object[] = []
const remember = (pool: Pool, clock: Clock = systemClock) =>
  rememberContacts({ pool, clock, log: { warn: (fields: object) => void told.push(fields) } as never })

describe('where a NAS speaks from and to', () => {
  it('is written when it is new and when it changes, and not otherwise', async () => {
    const contacts = remember(database.pool)
    contacts.heard(nasId, '192.0.2.1', '198.51.100.1')
    contacts.heard(nasId, '192.0.2.1', '198.51.100.1')
    await contacts.flush()
    expect(await stored()).toEqual([{ id: nasId, source: '192.0.2.1', heardOn: '198.51.100.1' }])
    await database.pool.query('delete from nas_contact')
    contacts.heard(nasId, '192.0.2.1', '198.51.100.1')
    await contacts.flush()
    expect(await stored()).toEqual([])
    contacts.heard(nasId, '192.0.2.1', '198.51.100.2')
    contacts.heard(nasId, '2001:db8::1', '2001:db8::2')
    await contacts.close()
    expect(await stored()).toEqual([{ id: nasId, source: '2001:db8::1', heardOn: '2001:db8::2' }])
  })

  it('is written again each minute, also over what another instance wrote', async () => {
    const clock = createTestClock(new Date('2026-03-01T12:00:00Z'))
    const contacts = remember(database.pool, clock)
    const heardAt = async () => (await database.pool.query('select heard_at from nas_contact')).rows[0]?.heard_at
    const hear = async (milliseconds: number) => {
      clock.advance(milliseconds)
      contacts.heard(nasId, '192.0.2.1', '198.51.100.1')
      await contacts.flush()
    }
    await hear(0)
    expect(await heardAt()).toEqual(clock.now())
    await database.pool.query(`update nas_contact set heard_on = '198.51.100.9'`)
    await hear(59_999)
    expect(await stored()).toMatchObject([{ heardOn: '198.51.100.9' }])
    await hear(1)
    expect(await stored()).toMatchObject([{ heardOn: '198.51.100.1' }])
    expect(await heardAt()).toEqual(clock.now())
    await contacts.close()
  })

  it('of a NAS that is deleted meanwhile is forgotten', async () => {
    const contacts = remember(database.pool)
    contacts.heard(nasId + 1_000n, '192.0.2.9', '198.51.100.1')
    await contacts.close()
    expect(told).toEqual([])
    expect(await stored()).toHaveLength(1)
  })

  it('that could not be written is written with the next packet', async () => {
    const broken = createPool('postgres://nobody@127.0.0.1:1/none', { name: 'broken', connectTimeoutMs: 200 })
    let pool: Pool = broken
    const contacts = remember({ query: (...args: Parameters<Pool['query']>) => pool.query(...args) } as unknown as Pool)
    contacts.heard(nasId, '192.0.2.7', '198.51.100.7')
    await contacts.flush()
    expect(told).toHaveLength(1)
    pool = database.pool
    contacts.heard(nasId, '192.0.2.7', '198.51.100.7')
    await contacts.close()
    expect(await stored()).toEqual([{ id: nasId, source: '192.0.2.7', heardOn: '198.51.100.7' }])
    await broken.end()
  })
})
