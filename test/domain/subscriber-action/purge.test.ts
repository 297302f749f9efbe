import { beforeAll, describe, expect, it } from 'vitest'
import { readPersonKeys } from '../../../src/domain/audit/person-key.ts'
import { personalPlaces } from '../../../src/domain/subscriber/personal-places.ts'
import { purgeExpired } from '../../../src/domain/subscriber/retention.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon } from '../../support/operator.ts'
import {
  addTestPlan,
  addTestSubscriber,
  openTestSession,
  queryRows,
  takeNamed,
  waitingOrders,
} from '../../support/subscribers.ts'

const api = useApi()
let admin: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
})

const canaries = [
  'canaryuser',
  'Canary Person',
  'canary@example.org',
  '+491701112233',
  '47110815',
  'Canary Street',
  'canary noted',
  'canary reason',
  'canary-circuit',
  'canaryport',
  'ca:ca:ca:ca:ca:01',
  '52.123456',
  '198.51.100.222',
  'canary@old.example',
  'canary detail',
]

async function addCanary(): Promise<number> {
  const id = await addTestSubscriber(admin, {
    username: 'canaryuser',
    password: 'canary-password',
    full_name: 'Canary Person',
    email: 'canary@example.org',
    phone: '+49 170 1112233',
    phone_extension: '47110815',
    address: '7 Canary Street',
    latitude: 52.123456,
    longitude: 13.5,
    devices: ['ca:ca:ca:ca:ca:01'],
    addresses: ['198.51.100.222'],
    routes: ['192.0.2.0/24'],
    circuit_id: 'canary-circuit',
    bound_port: 'canaryport',
    comment: 'canary noted this',
  })
  await takeNamed(api.db, { action: 'block', ids: [id], params: { reason: 'canary reason' } }, api.author)
  const traces = {
    username: 'canary@old.example',
    mac: 'ca:ca:ca:ca:ca:01',
    line: 'mac ca:ca:ca:ca:ca:01',
    circuit_id: Buffer.from('canary-circuit'),
    port: 'canaryport',
    interface: 'canaryport:7',
  }
  await openTestSession(api, id, traces)
  await openTestSession(api, id, { ...traces, ended_at: hours(1) })
  await queryRows(
    api,
    `insert into session_archive select * from session where subscriber_id = $1 and ended_at is not null`,
    [id],
  )
  const log = `insert into access_log (day, subscriber_id, username, line, interface, method, reason, accepted, detail, reply, first_at, last_at)
    values ('2026-11-22', $1, $2, 'mac ca:ca:ca:ca:ca:01', 'canaryport', 'pap', 'blocked', false, 'canary detail', '{"a":"198.51.100.222"}', $3, $3)`
  await queryRows(api, log, [id, 'canary@old.example', noon])
  await queryRows(api, log, [null, 'canaryuser', noon])
  await queryRows(
    api,
    `insert into unmatched_request (nas_id, fingerprint, username, mac, reason, sent, first_at, last_at)
     values (1, 'f', 'canaryuser', 'ca:ca:ca:ca:ca:01', 'unknown', '{}', $1, $1)`,
    [noon],
  )
  await queryRows(api, `insert into session_claim values ($1, 0, 'mac ca:ca:ca:ca:ca:01', 1, 1, $2)`, [id, noon])
  await queryRows(
    api,
    `insert into portal_login (subscriber_id, password_hash, password_changed_at) values ($1, 'x', $2)`,
    [id, noon],
  )
  await queryRows(
    api,
    `insert into message (channel, kind, recipient, subscriber_id, subject, next_at, created_at)
     values ('mail', 'welcome', 'canary@example.org', $1, 'Welcome, Canary Person', $2, $2)`,
    [id, noon],
  )
  return id
}

/** Every row of every table as text, with the tables in which a canary still sings. */
async function tablesThatHold(words: readonly string[]): Promise<string[]> {
  const tables = await queryRows(
    api,
    `select class.relname as name from pg_class class where class.relnamespace = 'public'::regnamespace
     and class.relkind = 'r' order by 1`,
  )
  const found: string[] = []
  for (const { name } of tables) {
    for (const row of await queryRows(api, `select to_jsonb(t) as row from "${String(name)}" t`)) {
      const text = JSON.stringify(row['row']).toLowerCase()
      for (const word of words) {
        const hex = Buffer.from(word).toString('hex')
        if (text.includes(word.toLowerCase()) || text.includes(hex)) found.push(`${String(name)}: ${word}`)
      }
    }
  }
  return [...new Set(found)].toSorted()
}

describe('purging', () => {
  it('leaves nothing personal in any row of any table, and the ledger and sessions in place', async () => {
    const id = await addCanary()
    expect((await tablesThatHold(canaries)).length).toBeGreaterThan(10)
    expect(await queryRows(api, 'select 1 from person_key where subscriber_id = $1', [id])).toHaveLength(1)
    const answer = await admin.post(`/subscribers/${id}/purge`)
    expect(answer.body).toEqual({ subscriber_id: id, outcome: 'done' })
    expect(await tablesThatHold([...canaries, 'canary-password'])).toEqual([])
    expect((await readPersonKeys(api.db, api.keyring, [BigInt(id)])).size).toBe(0)
    const [row] = await queryRows(
      api,
      'select username, username_reserved, archived_at, purged_at from subscriber where id = $1',
      [id],
    )
    expect(row).toEqual({ username: `purged-${id}`, username_reserved: false, archived_at: noon, purged_at: noon })
    const sessions = await queryRows(
      api,
      'select username from session where subscriber_id = $1 union all select username from session_archive where subscriber_id = $1',
      [id],
    )
    expect(sessions).toEqual(Array.from({ length: 3 }, () => ({ username: `purged-${id}` })))
    expect(await waitingOrders(api, id)).toEqual(['disconnect deleted'])
    expect(
      await queryRows(api, `select action from audit_entry where row_id = $1 and noun = 'subscriber' order by id`, [
        id,
      ]),
    ).toMatchObject([
      { action: 'subscriber.create' },
      { action: 'subscriber.comment' },
      { action: 'subscriber.block' },
      { action: 'subscriber.purge' },
    ])
    const heir = await addTestSubscriber(admin, { username: 'canaryuser' })
    await takeNamed(api.db, { action: 'purge', ids: [heir] }, api.author)
  })

  it('cannot be undone, is done once, and leaves nothing to restore', async () => {
    const id = await addTestSubscriber(admin)
    const purge = () => takeNamed(api.db, { action: 'purge', ids: [id] }, api.author)
    expect(await purge()).toEqual([{ subscriberId: BigInt(id), kind: 'done' }])
    expect(await purge()).toMatchObject([{ kind: 'unchanged' }])
    expect(await takeNamed(api.db, { action: 'restore', ids: [id] }, api.author)).toMatchObject([{ kind: 'refused' }])
  })

  it('leaves a payer its name that pays for somebody else', async () => {
    const first = await addTestSubscriber(admin, { full_name: 'Company Canary' })
    const [{ payer_id: payerId } = {}] = await queryRows(api, 'select payer_id from subscriber where id = $1', [first])
    const second = await addTestSubscriber(admin, { payer_id: Number(payerId) })
    const nameOf = async () => (await queryRows(api, 'select name from payer where id = $1', [payerId]))[0]
    await takeNamed(api.db, { action: 'purge', ids: [first] }, api.author)
    expect(await nameOf()).toEqual({ name: 'Company Canary' })
    await takeNamed(api.db, { action: 'purge', ids: [second] }, api.author)
    expect(await nameOf()).toEqual({ name: `purged-${String(payerId)}` })
  })

  it('needs its permission and a fresh proof', async () => {
    const id = await addTestSubscriber(admin)
    expect((await (await api.as('administrator')).post(`/subscribers/${id}/purge`)).status).toBe(403)
    const old = await api.as('super-administrator', { provedAt: hours(-1) })
    const answer = await old.post(`/subscribers/${id}/purge`)
    expect([answer.status, answer.body['code']]).toEqual([403, 'recent-proof-needed'])
  })

  it('reaches what no reseller may see', async () => {
    const r1 = await api.reseller('R1')
    const role = await api.db
      .insertInto('role')
      .values({ name: 'purger', permissions: ['subscriber.purge', 'subscriber.create'] })
      .returning('id')
      .executeTakeFirstOrThrow()
    const reseller = await api.as('reseller', { organisationId: r1, roleId: role.id })
    const id = await addTestSubscriber(reseller, { username: 'of r1' })
    expect((await reseller.get(`/subscribers/${id}/personal-data`)).status).toBe(200)
    expect((await reseller.post(`/subscribers/${id}/purge`)).status).toBe(200)
    expect(await tablesThatHold(['of r1'])).toEqual([])
  })

  it('knows every table that refers to a subscriber', async () => {
    const tables = await queryRows(
      api,
      `select distinct class.relname as name from pg_class class join pg_attribute on attrelid = class.oid
       where class.relnamespace = 'public'::regnamespace and class.relkind in ('r', 'p') and not class.relispartition
         and attname in ('subscriber_id', 'person_id') order by 1`,
    )
    const known = new Set(personalPlaces.map(({ table }) => table))
    expect(tables.map(({ name }) => name as string).filter((name) => !known.has(name))).toEqual([])
  })
})

describe('retention', () => {
  it('purges who was deleted long enough ago, and nobody else', async () => {
    await writeSetting(api.db, { name: 'deleted_retention_days', value: 10 }, noon)
    const [old, young, present] = [
      await addTestSubscriber(admin),
      await addTestSubscriber(admin),
      await addTestSubscriber(admin),
    ]
    const deleteAt = (id: number, days: number) =>
      takeNamed(api.db, { action: 'delete', ids: [id] }, api.author, hours(-24 * days))
    await deleteAt(old, 11)
    await deleteAt(young, 9)
    expect(await purgeExpired(api.db, api.keyring, noon)).toBe(1)
    const rows = await queryRows(api, 'select id, purged_at from subscriber where id = any($1) order by id', [
      [old, young, present],
    ])
    expect(rows.map(({ purged_at: at }) => at)).toEqual([noon, null, null])
    const [entry] = await queryRows(
      api,
      `select author_kind, author_name from audit_entry where action = 'subscriber.purge' and row_id = $1`,
      [old],
    )
    expect(entry).toEqual({ author_kind: 'system', author_name: 'retention' })
    expect(await purgeExpired(api.db, api.keyring, noon)).toBe(0)
  })
})

describe('what is kept of a person', () => {
  it('is handed out as one document, with the personal values of the audit trail, and that is audited', async () => {
    const id = await addCanary()
    const answer = await admin.get(`/subscribers/${id}/personal-data`)
    expect(answer.status).toBe(200)
    expect(canaries.filter((canary) => !answer.text.includes(canary))).toEqual([])
    expect(answer.text).not.toContain('canary-password')
    expect(Object.keys(answer.body)).toEqual(
      expect.arrayContaining([
        'subscriber',
        'payer',
        'subscriber_comment',
        'device',
        'session',
        'ledger_transaction',
        'audit_entry',
      ]),
    )
    const created = (answer.body['audit_entry'] as { action: string; personal: { after: object } }[])[0]!
    expect(created).toMatchObject({ action: 'subscriber.create', personal: { after: { full_name: 'Canary Person' } } })
    const [entry] = await queryRows(
      api,
      `select author_name from audit_entry where action = 'subscriber.personal-data' and row_id = $1`,
      [id],
    )
    expect(entry).toEqual({ author_name: admin.email })
  })

  it('is handed out to who may purge, with a fresh proof, and of whom it reaches', async () => {
    const id = await addTestSubscriber(admin)
    expect((await (await api.as('administrator')).get(`/subscribers/${id}/personal-data`)).status).toBe(403)
    const old = await api.as('super-administrator', { provedAt: hours(-1) })
    expect((await old.get(`/subscribers/${id}/personal-data`)).body['code']).toBe('recent-proof-needed')
    expect((await admin.get('/subscribers/999999999/personal-data')).status).toBe(404)
  })
})
