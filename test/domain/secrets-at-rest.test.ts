// A stolen dump shows no secret: every text, JSON and octet column of every table is searched for what was put in, in clear,
// in base64, in hex and as UTF-16.
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { ownAuthor } from '../../src/domain/author.ts'
import { addClient, rotateSecret } from '../../src/domain/client.ts'
import { ntHashOf, setPassword } from '../../src/domain/credential.ts'
import { addHomeServer } from '../../src/domain/home-server.ts'
import { importSubscribers } from '../../src/domain/import/import.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { makePlan, noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()

/** Everything in the database, as one octet string. */
async function dump(): Promise<Buffer> {
  const columns = await rowsOf(
    office,
    `select table_name, column_name from information_schema.columns
     where table_schema = 'public' and (data_type in ('text', 'bytea', 'jsonb', 'ARRAY'))`,
  )
  const parts: Buffer[] = []
  for (const { table_name: table, column_name: column } of columns) {
    for (const row of await rowsOf(office, `select "${String(column)}" as value from "${String(table)}"`)) {
      parts.push(Buffer.isBuffer(row.value) ? row.value : Buffer.from(JSON.stringify(row.value ?? '')))
    }
  }
  return Buffer.concat(parts)
}

function forms(secret: string): Buffer[] {
  const octets = Buffer.from(secret)
  const hash = ntHashOf(secret)
  return [
    octets,
    Buffer.from(secret, 'utf16le'),
    Buffer.from(octets.toString('hex')),
    Buffer.from(octets.toString('base64').replace(/=+$/, '')),
    hash,
    Buffer.from(hash.toString('hex')),
    createHash('md5').update(octets).digest(),
    createHash('sha256').update(octets).digest(),
  ]
}

it('no secret that was put in can be read in any table', async () => {
  const { db, keyring } = office
  await makePlan(office, { name: 'Home' })
  const canaries = [
    'CanarySecretOfClient1',
    'CanarySecretRotated22',
    'CanaryPasswordClear33',
    'CanaryPasswordHash444',
    'CanaryPasswordVerify5',
    'CanaryPasswordImport6',
    'CanaryPasswordSet7777',
    'CanaryHomeServer88888',
  ]
  const [secret, rotated, clear, hash, verify, imported, set, home] = canaries as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  await addClient(db, keyring, { name: 'c', address: '192.0.2.1', secret }, noon)
  await addHomeServer(db, keyring, { pool: 'p', name: 'h', address: '192.0.2.2', secret: home }, noon)
  await rotateSecret(db, keyring, { name: 'c', secret: rotated }, noon)
  await addSubscriber(
    db,
    { username: 'clear', plan: 'Home', password: clear },
    ownAuthor('system', 'test', keyring),
    noon,
  )
  await addSubscriber(
    db,
    { username: 'hash', plan: 'Home', password: hash, credential: 'nt-hash' },
    ownAuthor('system', 'test', keyring),
    noon,
  )
  await addSubscriber(
    db,
    { username: 'verify', plan: 'Home', password: verify, credential: 'verifier' },
    ownAuthor('system', 'test', keyring),
    noon,
  )
  await setPassword(db, { username: 'clear', password: set }, ownAuthor('system', 'test', keyring), noon)
  async function* file(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(
      `username,password,nt_hash,plan\nimported,${imported},,Home\nhashed,,${ntHashOf(hash).toString('hex')},Home\n`,
    )
  }
  expect(await importSubscribers(db, keyring, file(), noon)).toMatchObject({ kind: 'imported' })

  const everything = await dump()
  // The search itself works: a username is found.
  expect(everything.includes('imported')).toBe(true)
  for (const canary of canaries) {
    for (const form of forms(canary))
      expect({ canary, found: everything.includes(form) }).toEqual({ canary, found: false })
  }
})
