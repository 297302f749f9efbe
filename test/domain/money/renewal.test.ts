import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ForbiddenError } from '../../../src/domain/author.ts'
import { renew } from '../../../src/domain/money/renewal.ts'
import type { RenewInput } from '../../../src/domain/money/renewal.ts'
import { beginDuePeriods } from '../../../src/domain/money/renew-due.ts'
import { revertRenewal } from '../../../src/domain/money/revert-renewal.ts'
import { balanceOf, checkBooks, factsOf, line, pricedPlan, testAuthor, topUp } from '../../support/money.ts'
import { hours, noon, openSession, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const days = (count: number, from = noon): Date => hours(count * 24, from)
let planId: bigint
beforeAll(async () => {
  planId = await pricedPlan(office, { name: 'Month', graceHours: 48 })
})
afterEach(() => checkBooks(office))

const go = (input: Partial<RenewInput> & { subscriberId: bigint }, now = noon) =>
  renew(office.db, { periods: 1, free: false, ...input }, testAuthor(office), now)
const back = (subscriberId: bigint, now = noon) => revertRenewal(office.db, { subscriberId }, testAuthor(office), now)

describe('a renewal', () => {
  it('charges the price and extends from the end of what there is', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 5_000n })
    const outcome = await go({ subscriberId: id })
    expect(outcome).toMatchObject({ kind: 'renewed', renewed: { amountMinor: 2_000n, expiresAt: days(31) } })
    expect(await balanceOf(office, payerId)).toBe(3_000n)
    expect(await factsOf(office, id)).toMatchObject({
      expires_at: days(31),
      grace_until: days(33),
      period_started_at: noon,
    })
  })

  it('gives several periods for several prices', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 6_000n })
    expect(await go({ subscriberId: id, periods: 3 })).toMatchObject({
      renewed: { amountMinor: 6_000n, expiresAt: days(91) },
    })
    expect(await balanceOf(office, payerId)).toBe(0n)
    const periods = await rowsOf(office, 'select number, amount_minor from service_period where subscriber_id = $1', [
      id,
    ])
    expect(periods.map((row) => row.amount_minor)).toEqual([2_000n, 2_000n, 2_000n])
  })

  it('is refused where the balance and its credit do not reach, and then nothing has happened', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 1_999n })
    const before = await factsOf(office, id)
    const outcome = await go({ subscriberId: id })
    expect(outcome).toMatchObject({ kind: 'refused', reason: expect.stringContaining('19.99 EUR') })
    expect(await factsOf(office, id)).toEqual(before)
    await office.db.updateTable('payer').set({ credit_limit_minor: 1n }).where('id', '=', payerId).execute()
    expect(await go({ subscriberId: id })).toMatchObject({ kind: 'renewed' })
    expect(await balanceOf(office, payerId)).toBe(-1n)
  })

  it('free of charge needs its permission and moves no money', async () => {
    const { id, payerId } = await line(office, { planId })
    const support = { ...testAuthor(office), permissions: new Set(['service.renew'] as const) }
    await expect(renew(office.db, { subscriberId: id, periods: 1, free: true }, support, noon)).rejects.toThrow(
      ForbiddenError,
    )
    expect(await go({ subscriberId: id, free: true })).toMatchObject({
      renewed: { amountMinor: 0n, transactionId: null },
    })
    expect(await balanceOf(office, payerId)).toBe(0n)
    expect(await rowsOf(office, 'select 1 from ledger_transaction where subscriber_id = $1', [id])).toEqual([])
  })

  it('counts from the old end within grace and from now after it', async () => {
    const inGrace = await line(office, { planId, balanceMinor: 2_000n, expiresAt: hours(-5), graceUntil: hours(43) })
    expect(await go({ subscriberId: inGrace.id })).toMatchObject({ renewed: { expiresAt: days(30, hours(-5)) } })
    expect((await factsOf(office, inGrace.id)).period_started_at).toEqual(hours(-5))
    const over = await line(office, { planId, balanceMinor: 2_000n, expiresAt: hours(-50), graceUntil: hours(-2) })
    expect(await go({ subscriberId: over.id })).toMatchObject({ renewed: { expiresAt: days(30) } })
    expect((await factsOf(office, over.id)).period_started_at).toEqual(noon)
  })

  it('of a new service activates it, with the setup price', async () => {
    const withSetup = await pricedPlan(office, { name: 'Setup', setupMinor: 1_500n })
    const { id, payerId } = await line(office, {
      planId: withSetup,
      balanceMinor: 4_000n,
      activatedAt: null,
      expiresAt: null,
    })
    expect(await go({ subscriberId: id, activateOnly: true })).toMatchObject({ renewed: { amountMinor: 3_500n } })
    expect(await balanceOf(office, payerId)).toBe(500n)
    expect(await factsOf(office, id)).toMatchObject({
      activated_at: noon,
      expires_at: days(30),
      period_started_at: noon,
    })
    expect(await go({ subscriberId: id, activateOnly: true })).toMatchObject({ kind: 'already' })
  })

  it('of an endless plan pays once and never ends', async () => {
    const endless = await pricedPlan(office, { name: 'Endless', validity: 0 })
    const { id } = await line(office, { planId: endless, balanceMinor: 9_000n, activatedAt: null, expiresAt: null })
    expect(await go({ subscriberId: id })).toMatchObject({ renewed: { expiresAt: null, amountMinor: 2_000n } })
    expect(await go({ subscriberId: id })).toMatchObject({ kind: 'refused' })
  })

  it('keeps the day of the month: 31, 28, 31', async () => {
    const monthly = await pricedPlan(office, { name: 'Monthly', unit: 'months', validity: 1 })
    const { id } = await line(office, {
      planId: monthly,
      balanceMinor: 9_000n,
      activatedAt: null,
      expiresAt: null,
    })
    const start = new Date('2026-12-31T10:00:00Z')
    const ends: unknown[] = []
    for (let count = 0; count < 3; count += 1) {
      const outcome = await go({ subscriberId: id }, count === 0 ? start : new Date('2027-01-05T10:00:00Z'))
      if (outcome.kind === 'renewed') ends.push(outcome.renewed.expiresAt?.toISOString())
    }
    expect(ends).toEqual(['2027-01-31T10:00:00.000Z', '2027-02-28T10:00:00.000Z', '2027-03-31T10:00:00.000Z'])
  })

  it('keeps it also after a first period that a login began', async () => {
    const monthly = await pricedPlan(office, { name: 'By login', unit: 'months', validity: 1 })
    const { id } = await line(office, {
      planId: monthly,
      balanceMinor: 9_000n,
      activatedAt: new Date('2027-01-31T10:00:00Z'),
      expiresAt: new Date('2027-02-28T10:00:00Z'),
    })
    const outcome = await go({ subscriberId: id }, new Date('2027-02-20T10:00:00Z'))
    expect(outcome).toMatchObject({ renewed: { expiresAt: new Date('2027-03-31T10:00:00Z') } })
  })

  it('begun in mid-month of a calendar month costs the days that are left', async () => {
    const calendar = await pricedPlan(office, {
      name: 'Calendar',
      unit: 'calendar-month',
      validity: 1,
      priceMinor: 3_100n,
    })
    const { id } = await line(office, { planId: calendar, balanceMinor: 9_000n, activatedAt: null, expiresAt: null })
    const start = new Date('2027-01-15T10:00:00Z')
    expect(await go({ subscriberId: id, periods: 2 }, start)).toMatchObject({
      renewed: { amountMinor: 4_800n, expiresAt: new Date('2027-03-01T00:00:00Z') },
    })
  })

  it('tells live sessions, who may be in the garden', async () => {
    const { id } = await line(office, { planId, balanceMinor: 2_000n, expiresAt: hours(-100) })
    await office.db.insertInto('radius_client').values({ name: 'c', prefix: '10.0.0.0/24', nas_group_id: 1n }).execute()
    await office.db.insertInto('nas').values({ client_id: 1n, name: 'n', nas_group_id: 1n }).execute()
    await openSession(office, id, 'renewed')
    await go({ subscriberId: id })
    expect(await rowsOf(office, 'select wish, reason from coa_order where subscriber_id = $1', [id])).toEqual([
      { wish: 'reapply', reason: 'renewed' },
    ])
  })

  it('leaves one audit entry', async () => {
    const { id } = await line(office, { planId, balanceMinor: 2_000n })
    await go({ subscriberId: id })
    const entries = await rowsOf(
      office,
      `select action, after from audit_entry where noun = 'subscriber' and row_id = $1`,
      [id],
    )
    expect(entries).toEqual([
      { action: 'subscriber.renew', after: expect.objectContaining({ amount: '20.00', currency: 'EUR' }) },
    ])
  })

  it('of a plan in another currency than the payer pays in is refused', async () => {
    const dollars = await pricedPlan(office, { name: 'Dollars', currency: 'USD' })
    const { id } = await line(office, { planId: dollars, balanceMinor: 9_000n })
    expect(await go({ subscriberId: id })).toMatchObject({ kind: 'refused', reason: expect.stringContaining('USD') })
  })

  it('after an expiry that somebody changed by hand counts from there', async () => {
    const { id } = await line(office, { planId, balanceMinor: 9_000n })
    await go({ subscriberId: id })
    await office.db
      .updateTable('subscriber')
      .set({ expires_at: days(5) })
      .where('id', '=', id)
      .execute()
    expect(await go({ subscriberId: id })).toMatchObject({ renewed: { expiresAt: days(35) } })
    expect(await back(id)).toMatchObject({ kind: 'reverted', expiresAt: days(5) })
    expect(await back(id)).toMatchObject({ kind: 'refused' })
  })
})

describe('once', () => {
  it('who saw another end of service than there is gets told so', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 9_000n })
    expect(await go({ subscriberId: id, seenExpiry: days(1) })).toMatchObject({ kind: 'renewed' })
    expect(await go({ subscriberId: id, seenExpiry: days(1) })).toMatchObject({ kind: 'already' })
    expect(await balanceOf(office, payerId)).toBe(7_000n)
  })

  it('F64: the same reference is the same renewal, with the same answer', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 9_000n })
    const first = await go({ subscriberId: id, reference: 'invoice 7' })
    const again = await go({ subscriberId: id, reference: 'invoice 7' }, hours(2))
    expect(again).toMatchObject({ kind: 'already', renewed: first.kind === 'renewed' ? first.renewed : undefined })
    expect(await go({ subscriberId: id, reference: 'invoice 7', periods: 2 })).toMatchObject({ kind: 'refused' })
    expect(await balanceOf(office, payerId)).toBe(7_000n)
  })

  it('50 at once who mean the same period give and charge it once', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 90_000n })
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => go({ subscriberId: id, seenExpiry: days(1) })))
    expect(outcomes.filter(({ kind }) => kind === 'renewed')).toHaveLength(1)
    expect(outcomes.filter(({ kind }) => kind === 'already')).toHaveLength(49)
    expect(await balanceOf(office, payerId)).toBe(88_000n)
    expect((await factsOf(office, id)).expires_at).toEqual(days(31))
  })

  it('50 at once with one reference give and charge it once', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 90_000n })
    await Promise.all(Array.from({ length: 50 }, () => go({ subscriberId: id, reference: 'r' })))
    expect(await balanceOf(office, payerId)).toBe(88_000n)
  })

  it('50 at once who each want one more get what the balance reaches for', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 7_000n })
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => go({ subscriberId: id })))
    expect(outcomes.filter(({ kind }) => kind === 'renewed')).toHaveLength(3)
    expect(await balanceOf(office, payerId)).toBe(1_000n)
    expect((await factsOf(office, id)).expires_at).toEqual(days(91))
  })

  it('several lines of one payer at once never overdraw it', async () => {
    const first = await line(office, { planId, balanceMinor: 5_000n })
    const others = await Promise.all(Array.from({ length: 5 }, () => line(office, { planId, payerId: first.payerId })))
    const outcomes = await Promise.all([first, ...others].map(({ id }) => go({ subscriberId: id })))
    expect(outcomes.filter(({ kind }) => kind === 'renewed')).toHaveLength(2)
    expect(await balanceOf(office, first.payerId)).toBe(1_000n)
  })

  it('the database itself refuses two periods for the same time', async () => {
    const { id } = await line(office, { planId, balanceMinor: 9_000n })
    await go({ subscriberId: id })
    const copy = `insert into service_period (renewal_id, subscriber_id, number, plan_id, starts_at, ends_at, amount_minor,
        series_start, series_count, validity, validity_unit)
      select renewal_id, subscriber_id, number + 1, plan_id, starts_at + interval '1 day', ends_at, 0, series_start, 1, 30, 'days'
      from service_period where subscriber_id = $1`
    await expect(rowsOf(office, copy, [id])).rejects.toThrow('service_period_once')
  })
})

describe('ahead of its time', () => {
  it('usage and the next plan begin with the period, not with its renewal', async () => {
    const bigger = await pricedPlan(office, { name: 'Bigger', priceMinor: 3_000n, quotaOctets: 1_000n })
    const { id, payerId } = await line(office, { planId, balanceMinor: 9_000n })
    await office.db.updateTable('subscriber').set({ next_plan_id: bigger }).where('id', '=', id).execute()
    await openSession(office, id, 'ahead')
    await go({ subscriberId: id })
    expect(await balanceOf(office, payerId)).toBe(6_000n)
    expect(await factsOf(office, id)).toMatchObject({ plan_id: planId, next_plan_id: bigger, period_started_at: noon })
    await beginDuePeriods(office.db, days(1))
    expect(await factsOf(office, id)).toMatchObject({ plan_id: bigger, next_plan_id: null, period_started_at: days(1) })
    const wishes = await rowsOf(office, `select wish from coa_order where subscriber_id = $1 and state = 'waiting'`, [
      id,
    ])
    expect(wishes).toEqual([{ wish: 'reapply' }])
    expect(await beginDuePeriods(office.db, days(1))).toEqual({ begun: 0, failed: [] })
  })

  it('several periods begin one after the other, also when nobody looked for a while', async () => {
    const { id } = await line(office, { planId, balanceMinor: 9_000n })
    await go({ subscriberId: id, periods: 3 })
    await beginDuePeriods(office.db, days(62))
    expect((await factsOf(office, id)).period_started_at).toEqual(days(61))
    await back(id, days(62))
    expect(await factsOf(office, id)).toMatchObject({ period_started_at: noon, expires_at: days(1) })
  })
})

describe('reverting', () => {
  it('brings back money and time exactly, once', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 5_000n, expiresAt: hours(-60) })
    const odd = `update subscriber set period_started_at = '2026-10-01T00:00:00.123456Z' where id = $1`
    await rowsOf(office, odd, [id])
    const exactly = `select *, period_started_at::text as started, expires_at::text as ends from subscriber where id = $1`
    const [before] = await rowsOf(office, exactly, [id])
    await go({ subscriberId: id, periods: 2 })
    expect(await back(id, hours(1))).toMatchObject({ kind: 'reverted', renewal: { amountMinor: 4_000n } })
    const [after] = await rowsOf(office, exactly, [id])
    expect({ ...after, updated_at: before!.updated_at }).toEqual(before)
    expect(await balanceOf(office, payerId)).toBe(5_000n)
    expect(await back(id)).toMatchObject({ kind: 'refused' })
  })

  it('of an activation makes the service new again', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 5_000n, activatedAt: null, expiresAt: null })
    await go({ subscriberId: id })
    await back(id)
    expect(await factsOf(office, id)).toMatchObject({ activated_at: null, expires_at: null, grace_until: null })
    expect(await balanceOf(office, payerId)).toBe(5_000n)
  })

  it('goes back one renewal at a time, the last first', async () => {
    const { id } = await line(office, { planId, balanceMinor: 9_000n })
    const first = await go({ subscriberId: id })
    await go({ subscriberId: id })
    const firstId = first.kind === 'renewed' ? first.renewed.renewalId : 0n
    const only = { subscriberId: id, renewalId: firstId }
    expect(await revertRenewal(office.db, only, testAuthor(office), noon)).toMatchObject({ kind: 'refused' })
    expect(await back(id)).toMatchObject({ expiresAt: days(31) })
    expect(await revertRenewal(office.db, only, testAuthor(office), noon)).toMatchObject({ expiresAt: days(1) })
    expect(await revertRenewal(office.db, only, testAuthor(office), noon)).toMatchObject({ kind: 'already' })
  })

  it('gives the money to who paid, whoever pays now', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 2_000n })
    await go({ subscriberId: id })
    const other = await line(office, { planId })
    await office.db.updateTable('subscriber').set({ payer_id: other.payerId }).where('id', '=', id).execute()
    await back(id)
    expect(await balanceOf(office, payerId)).toBe(2_000n)
    expect(await balanceOf(office, other.payerId)).toBe(0n)
  })

  it('ends the sessions of who is expired then', async () => {
    const { id } = await line(office, { planId, balanceMinor: 2_000n, expiresAt: hours(-100) })
    await openSession(office, id, 'reverted')
    await go({ subscriberId: id })
    await back(id)
    const wishes = await rowsOf(office, `select wish from coa_order where subscriber_id = $1 and state = 'waiting'`, [
      id,
    ])
    expect(wishes).toEqual([{ wish: 'disconnect' }])
  })

  it('of one renewal by 50 at once gives back once', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 2_000n })
    await go({ subscriberId: id })
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => back(id)))
    expect(outcomes.filter(({ kind }) => kind === 'reverted')).toHaveLength(1)
    expect(await balanceOf(office, payerId)).toBe(2_000n)
  })
})

it('a reseller with a wallet that pays is charged in place of its payers', async () => {
  const { id: ownerId } = await office.db
    .insertInto('organisation')
    .values({ kind: 'reseller', name: 'R', parent_id: 1n })
    .returning('id')
    .executeTakeFirstOrThrow()
  const wallet = { organisation_id: ownerId, currency: 'EUR', created_at: noon, updated_at: noon }
  await office.db
    .insertInto('wallet')
    .values({ ...wallet, pays_renewals: true, credit_limit_minor: 3_000n })
    .execute()
  const { id, payerId } = await line(office, { planId, ownerId, balanceMinor: 500n })
  expect(await go({ subscriberId: id })).toMatchObject({ kind: 'renewed' })
  expect(await go({ subscriberId: id })).toMatchObject({ kind: 'refused', reason: expect.stringContaining('wallet') })
  expect(await balanceOf(office, payerId)).toBe(500n)
  const [row] = await rowsOf(office, 'select balance_minor from wallet')
  expect(row).toEqual({ balance_minor: -2_000n })
  await back(id)
  await office.db.updateTable('wallet').set({ pays_renewals: false }).execute()
  await topUp(office, payerId, 1_500n)
  expect(await go({ subscriberId: id })).toMatchObject({ kind: 'renewed' })
  expect(await balanceOf(office, payerId)).toBe(0n)
})
