// Clients and NASes from the database, and how a change is noticed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sealField } from '../../src/domain/data-key.ts'
import {
  createNasOnSight,
  latchMessageAuthenticator,
  loadRegistry,
  registryChanges,
} from '../../src/domain/nas-registry.ts'
import { useDatabase } from '../support/database.ts'
import { openTestKeyring } from '../support/keyring.ts'

const database = useDatabase()
const now = new Date('2026-05-01T10:00:00Z')
const sealErrors: string[] = []
const failed = (_error: unknown, client: string): void => void sealErrors.push(client)
let keys: Awaited<ReturnType<typeof openTestKeyring>>
beforeAll(async () => {
  keys = await openTestKeyring(database.pool)
})
afterAll(() => keys.remove())

async function addClient(name: string, prefix: string, secrets: { text: string; until?: Date }[]): Promise<bigint> {
  const { rows } = await database.pool.query<{ id: bigint }>(
    `insert into radius_client (name, prefix, nas_group_id) select $1, $2::cidr, min(id) from nas_group returning id`,
    [name, prefix],
  )
  const id = rows[0]!.id
  for (const { text, until } of secrets) {
    const taken = await database.pool.query<{ id: bigint }>(`select nextval('client_secret_id_seq') as id`)
    const row = taken.rows[0]!.id
    const sealed = sealField(keys.keyring, { table: 'client_secret', row, column: 'secret' }, Buffer.from(text))
    await database.pool.query(
      `insert into client_secret (id, client_id, secret, valid_until) overriding system value values ($1, $2, $3, $4)`,
      [row, id, sealed, until ?? null],
    )
  }
  return id
}

describe('loadRegistry', () => {
  it('opens the valid secrets, newest first, and leaves out those whose time is over', async () => {
    const id = await addClient('rotating', '10.1.0.0/16', [
      { text: 'the oldest secret', until: new Date('2026-04-30T00:00:00Z') },
      { text: 'the older secret', until: new Date('2026-05-08T00:00:00Z') },
      { text: 'the newest secret' },
    ])
    const { clients } = await loadRegistry(database.pool, keys.keyring, failed, now)
    const client = clients.find((row) => row.id === id)
    expect(client?.secrets.map(String)).toEqual(['the newest secret', 'the older secret'])
    expect(client).toMatchObject({
      prefix: '10.1.0.0/16',
      messageAuthenticator: 'auto',
      messageAuthenticatorSeen: false,
    })
  })

  it('keeps the other secrets and clients when one cannot be opened', async () => {
    const id = await addClient('moved', '10.9.0.0/16', [
      { text: 'a secret of sixteen' },
      { text: 'another of sixteen' },
    ])
    await database.pool.query(
      `update client_secret set secret = (select c.secret from client_secret c where c.client_id <> $1 limit 1)
       where id = (select max(id) from client_secret where client_id = $1)`,
      [id],
    )
    const { clients } = await loadRegistry(database.pool, keys.keyring, failed, now)
    expect(clients.find((row) => row.id === id)?.secrets.map(String)).toEqual(['a secret of sixteen'])
    expect(sealErrors).toEqual(['moved'])
    await database.pool.query('delete from radius_client where id = $1', [id])
  })

  it('latches Message-Authenticator once', async () => {
    const id = await addClient('latching', '10.2.0.0/16', [{ text: 'a secret of sixteen' }])
    await latchMessageAuthenticator(database.pool, id, now)
    await latchMessageAuthenticator(database.pool, id, new Date('2027-01-01T00:00:00Z'))
    const { clients } = await loadRegistry(database.pool, keys.keyring, failed, now)
    expect(clients.find((row) => row.id === id)?.messageAuthenticatorSeen).toBe(true)
    const { rows } = await database.pool.query(
      `select message_authenticator_seen_at as at from radius_client where id = $1`,
      [id],
    )
    expect(rows).toEqual([{ at: now }])
  })
})

describe('createNasOnSight', () => {
  it('makes one device however often and from how many instances it is seen', async () => {
    const id = await addClient('sighted', '10.3.0.0/16', [{ text: 'a secret of sixteen' }])
    const { clients } = await loadRegistry(database.pool, keys.keyring, failed, now)
    const client = clients.find((row) => row.id === id)!
    const identity = { identifier: 'bras-7', address: '10.3.0.7' }
    const made = await Promise.all(
      Array.from({ length: 5 }, () => createNasOnSight(database.pool, client, identity, now)),
    )
    expect(new Set(made.map((nas) => nas?.id)).size).toBe(1)
    expect(made[0]).toMatchObject({
      name: 'sighted/bras-7',
      identifier: 'bras-7',
      address: undefined,
      vendor: 'standard',
    })
    const byAddress = await createNasOnSight(database.pool, client, { identifier: undefined, address: '10.3.0.8' }, now)
    expect(byAddress).toMatchObject({ identifier: undefined, address: '10.3.0.8' })
  })

  it('refuses the thousand and first device of one client', async () => {
    const id = await addClient('crowded', '10.4.0.0/16', [{ text: 'a secret of sixteen' }])
    await database.pool.query(
      `insert into nas (client_id, name, identifier, nas_group_id)
       select $1, 'crowd ' || n, 'crowd ' || n, (select min(id) from nas_group) from generate_series(1, 1000) n`,
      [id],
    )
    const { clients } = await loadRegistry(database.pool, keys.keyring, failed, now)
    const client = clients.find((row) => row.id === id)!
    expect(
      await createNasOnSight(database.pool, client, { identifier: 'one more', address: undefined }, now),
    ).toBeUndefined()
  })
})

describe('registryChanges', () => {
  it('sees a change that committed late, behind a younger transaction that committed first', async () => {
    const slow = await database.pool.connect()
    try {
      await slow.query('begin')
      await slow.query(`update radius_client set patience_ms = patience_ms + 1 where name = 'rotating'`)
      const { position } = await registryChanges(database.pool, '0')
      await addClient('younger', '10.5.0.0/16', [])
      const before = await registryChanges(database.pool, position)
      expect(before.changed).toBe(true)
      await slow.query('commit')
      expect((await registryChanges(database.pool, before.position)).changed).toBe(true)
    } finally {
      slow.release()
    }
  })

  it('is quiet when nothing changed', async () => {
    let { position } = await registryChanges(database.pool, '0')
    // Transactions of other databases of the server hold the position back for a moment, as they may in earnest.
    const changed = async (): Promise<boolean> => {
      const later = await registryChanges(database.pool, position)
      position = later.position
      return later.changed
    }
    await expect.poll(changed, { timeout: 20_000 }).toBe(false)
  })
})
