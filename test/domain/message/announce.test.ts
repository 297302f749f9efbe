// What the audit trail tells others: in order, once, from its first start on, to those it concerns; however many instances look.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { writeAudit } from '../../../src/domain/audit/audit.ts'
import { extendChain } from '../../../src/domain/audit/chain.ts'
import { announce } from '../../../src/domain/message/announce.ts'
import { claimMessages, listMessages } from '../../../src/domain/message/outbox.ts'
import { writeTemplate } from '../../../src/domain/message/template.ts'
import { addWebhook } from '../../../src/domain/message/webhook.ts'
import { everything } from '../../../src/domain/scope.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { line, pricedPlan } from '../../support/money.ts'
import { noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
let north: bigint
let planId: bigint
beforeAll(async () => {
  const [row] = await rowsOf(
    office,
    `insert into organisation (kind, name, parent_id) values ('reseller', 'North', 1) returning id`,
  )
  north = row!.id as bigint
  planId = await pricedPlan(office, { name: 'Home' })
})
beforeEach(() => tell())
afterEach(async () => {
  await office.pool.query('delete from message')
  await office.pool.query('delete from webhook')
})

const happens = (action: string, ownerId: bigint | null = 1n, rowId: bigint | null = 7n) =>
  writeAudit(
    office.db,
    { action, noun: action.split('.')[0]!, rowId, ...(ownerId === null ? {} : { ownerId }) },
    office.author,
    noon,
  )
async function tell(): Promise<void> {
  while ((await extendChain(office.db, noon)).isMore);
  while (await announce(office.db, office.keyring, noon));
}
const hook = (name: string, events: string[], ownerId: bigint | null = null) =>
  addWebhook(office.db, office.keyring, { name, url: 'https://crm.example.net/', events, ownerId }, noon)
const told = async () =>
  (await listMessages(office.db, {}, { before: undefined, limit: 2_000 }, everything))
    .map(({ webhook, kind }) => `${webhook} ${kind}`)
    .toReversed()

describe('an announcement', () => {
  it('goes to each webhook that wants it, in the order in which it happened', async () => {
    await hook('all', ['*'])
    await hook('blocks', ['subscriber.block'])
    for (const action of ['plan.edit', 'subscriber.block', 'subscriber.renew']) await happens(action)
    await tell()
    const heard = await told()
    expect(heard.filter((one) => one.startsWith('all'))).toEqual([
      'all plan.edit',
      'all subscriber.block',
      'all subscriber.renew',
    ])
    expect(heard.filter((one) => one.startsWith('blocks'))).toEqual(['blocks subscriber.block'])
  })

  it('is made once where many instances look at the same moment', async () => {
    await hook('all', ['*'])
    for (let at = 0; at < 30; at += 1) await happens(`plan.edit`)
    while ((await extendChain(office.db, noon)).isMore);
    await Promise.all(Array.from({ length: 5 }, () => announce(office.db, office.keyring, noon)))
    expect(await told()).toHaveLength(30)
  })

  it('goes on turn by turn through more than one turn holds, and loses none', async () => {
    await hook('all', ['*'])
    const { pool } = office
    await happens('plan.edit')
    await pool.query(
      `insert into audit_entry (at, action, noun, author_kind, author_name)
       select now(), 'plan.many', 'plan', 'system', 'test' from generate_series(1, 1100)`,
    )
    while ((await extendChain(office.db, noon)).isMore);
    const turns: boolean[] = []
    do turns.push(await announce(office.db, office.keyring, noon))
    while (turns.at(-1))
    expect(turns.length).toBeGreaterThan(2)
    expect(await told()).toHaveLength(1_101)
  })

  it('says nothing of what was before a webhook was there, and does not stop for want of one', async () => {
    await happens('plan.edit')
    await tell()
    await hook('late', ['*'])
    await tell()
    expect(await told()).toEqual([])
    await happens('plan.create')
    await tell()
    expect(await told()).toEqual(['late plan.create'])
  })

  it('of one organisation is not told to another; the ISP hears all', async () => {
    await hook('isp', ['*'])
    await hook('north', ['*'], north)
    await happens('subscriber.block', 1n)
    await happens('subscriber.renew', north)
    await happens('setting.edit', null)
    await tell()
    expect((await told()).filter((one) => one.startsWith('north'))).toEqual(['north subscriber.renew'])
    expect((await told()).filter((one) => one.startsWith('isp'))).toHaveLength(3)
  })

  it('that is undone is not told', async () => {
    await hook('all', ['*'])
    const undone = office.db.transaction().execute(async (trx) => {
      await writeAudit(trx, { action: 'plan.edit', noun: 'plan', rowId: 1n }, office.author, noon)
      throw new Error('rolled back')
    })
    await expect(undone).rejects.toThrow('rolled back')
    await tell()
    expect(await told()).toEqual([])
  })

  it('holds what a program can rely on, ids as numbers and no sealed value', async () => {
    await hook('all', ['*'])
    const before = { enabled: true, phone: '+4915112345678' }
    const deed = { action: 'subscriber.edit', noun: 'subscriber', rowId: 7n, ownerId: 1n }
    await writeAudit(office.db, { ...deed, before, after: { enabled: false, phone: null } }, office.author, noon)
    await tell()
    const [call] = await claimMessages(office.db, office.keyring, 5, noon)
    const body = JSON.parse(call!.body) as Record<string, unknown>
    expect(Object.keys(body)).toEqual(['id', 'at', 'event', 'noun', 'row_id', 'owner_id', 'author', 'before', 'after'])
    expect(body).toMatchObject({ at: noon.toISOString(), event: 'subscriber.edit', row_id: 7, owner_id: 1 })
    expect(call!.body).not.toContain('15112345678')
  })
})

describe('a welcome', () => {
  const welcomes = async () =>
    (await listMessages(office.db, { kind: 'welcome' }, { before: undefined, limit: 50 }, everything)).map(
      ({ recipient, subject }) => `${recipient}: ${subject}`,
    )
  const arrives = async (columns: Record<string, unknown>): Promise<bigint> => {
    const { id } = await line(office, { planId })
    await office.db.updateTable('subscriber').set(columns).where('id', '=', id).execute()
    await happens('subscriber.create', 1n, id)
    return id
  }

  it('goes once to each new subscriber with an address, in its language, and to nobody else', async () => {
    await writeSetting(office.db, { name: 'welcome_messages', value: true }, noon)
    const german = { kind: 'welcome', language: 'de', subject: 'Willkommen {{full_name}}', text: '{{plan}}' }
    await writeTemplate(office.db, german, noon)
    const id = await arrives({ email: 'a@example.net', full_name: 'Änne', language: 'de' })
    await arrives({ email: 'b@example.net', full_name: null })
    await arrives({ email: null })
    await arrives({ email: 'gone@example.net', archived_at: noon })
    await happens('subscriber.create', 1n, 999_999n)
    await tell()
    await happens('subscriber.create', 1n, id)
    await tell()
    const found = await welcomes()
    expect(found).toHaveLength(2)
    expect(found).toContain('a@example.net: Willkommen Änne')
    expect(found.find((one) => one.startsWith('b@'))).toMatch(/^b@example\.net: Welcome, line-\d+$/)
    await writeSetting(office.db, { name: 'welcome_messages', value: false }, noon)
  })

  it('is not sent where the ISP does not want it', async () => {
    await arrives({ email: 'c@example.net' })
    await tell()
    expect(await welcomes()).toEqual([])
  })
})
