import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changesOf, writeAudit, writeAudits } from '../../../src/domain/audit/audit.ts'
import { listAudit } from '../../../src/domain/audit/read-audit.ts'
import type { Author } from '../../../src/domain/author.ts'
import { ownAuthor } from '../../../src/domain/author.ts'
import { everything } from '../../../src/domain/scope.ts'
import { noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const author = (): Author => ({
  ...ownAuthor('command-line', 'root', office.keyring),
  address: '192.0.2.7',
  requestId: 'request-1',
  viewedBy: 'boss@example.net',
})
const last = async () => (await rowsOf(office, 'select * from audit_entry order by id desc limit 1'))[0]!
const shown = async (rowId: bigint) => {
  const reader = { scope: everything, keyring: office.keyring }
  return listAudit(office.db, { filter: { rowId }, limit: 50 }, reader, noon)
}

describe('an audit entry', () => {
  it('A04: says who, from where, when and in which request, with values before and after', async () => {
    const deed = { action: 'plan.edit', noun: 'plan', rowId: 3n, ownerId: 1n }
    await writeAudit(office.db, { ...deed, before: { price: '1.00' }, after: { price: '2.00' } }, author(), noon)
    expect(await last()).toMatchObject({
      at: noon,
      author_kind: 'command-line',
      author_name: 'root',
      viewed_by: 'boss@example.net',
      address: '192.0.2.7',
      request_id: 'request-1',
      action: 'plan.edit',
      noun: 'plan',
      row_id: 3n,
      owner_id: 1n,
      before: { price: '1.00' },
      after: { price: '2.00' },
      person_id: null,
      personal: null,
    })
  })

  it('A04: never holds a secret, at whatever depth and under whatever name', async () => {
    const after = {
      password: 'canary-1',
      coa_secret: 'canary-2',
      token: 'canary-3',
      totp_secret: Buffer.from('canary-4'),
      recovery_codes: ['canary-5'],
      credential_value: 'canary-6',
      nested: { list: [{ new_password: 'canary-7' }], shared_secret: { of: 'canary-8' } },
      must_change_password: true,
      password_before: null,
    }
    await writeAudit(office.db, { action: 'nas.edit', noun: 'nas', rowId: 1n, after }, author(), noon)
    const entry = await last()
    expect(JSON.stringify(entry.after)).not.toContain('canary')
    expect(entry.after).toMatchObject({
      password: '***',
      nested: { list: [{ new_password: '***' }], shared_secret: '***' },
      must_change_password: true,
      password_before: null,
    })
  })

  it('keeps octets, ids, instants and lists as JSON can', async () => {
    const after = {
      octets: 2n ** 60n,
      ids: [1n, 2n],
      at: noon,
      id: Buffer.from([1, 171]),
      deep: { id: 5n },
      gone: undefined,
    }
    await writeAudit(office.db, { action: 'nas.edit', noun: 'nas', rowId: 1n, after }, author(), noon)
    expect((await last()).after).toEqual({
      octets: '1152921504606846976',
      ids: ['1', '2'],
      at: noon.toISOString(),
      id: '0x01ab',
      deep: { id: '5' },
      gone: null,
    })
  })

  it('A06: keeps what a person typed as it was typed, as a value and never as more', async () => {
    const text = `'); drop table audit_entry; --\n\r\u2028<script>"\\ \u0007{}`
    await writeAudit(office.db, { action: 'plan.edit', noun: 'plan', rowId: 9n, after: { name: text } }, author(), noon)
    expect((await last()).after).toEqual({ name: text })
  })

  it('seals personal values under the key of their person, and leaves the rest open', async () => {
    const before = { full_name: 'Anna Canary', phone: '+491234', plan: 'Home' }
    const deed = {
      action: 'subscriber.edit',
      noun: 'subscriber',
      rowId: 70n,
      before,
      after: { full_name: 'Anna Berg' },
    }
    await writeAudit(office.db, deed, author(), noon)
    const entry = await last()
    expect(entry).toMatchObject({ before: { plan: 'Home' }, after: {}, person_id: 70n })
    expect((entry.personal as Buffer).includes('Canary')).toBe(false)
    expect(await shown(70n)).toMatchObject([{ personal: 'shown', before, after: { full_name: 'Anna Berg' } }])
  })

  it('takes the person from the deed where the row is another noun', async () => {
    const deed = { action: 'comment.add', noun: 'comment', rowId: 4n, after: { text: 'rang twice' } }
    await writeAudit(office.db, { ...deed, personId: 70n }, author(), noon)
    expect(await last()).toMatchObject({ after: {}, person_id: 70n })
    await writeAudit(office.db, deed, author(), noon)
    expect(await last()).toMatchObject({ after: { text: 'rang twice' }, person_id: null, personal: null })
  })

  it('writes thousands in one deed, each with its own values', async () => {
    const deeds = Array.from({ length: 2_100 }, (_, n) => ({
      action: 'subscriber.block',
      noun: 'subscriber',
      rowId: BigInt(10_000 + n),
      after: { username: `u${n}`, reason: 'unpaid' },
    }))
    await writeAudits(office.db, deeds, author(), noon)
    const [count] = await rowsOf(
      office,
      `select count(*), count(distinct personal) as sealed from audit_entry where action = 'subscriber.block'`,
    )
    expect(count).toEqual({ count: 2_100n, sealed: 2_100n })
    expect(await shown(12_099n)).toMatchObject([{ after: { username: 'u2099', reason: 'unpaid' } }])
    await writeAudits(office.db, [], author(), noon)
  })

  it('two bulk deeds over the same new persons do not wait for each other in a circle', async () => {
    const deeds = Array.from({ length: 300 }, (_, n) => ({
      action: 'subscriber.unblock',
      noun: 'subscriber',
      rowId: BigInt(20_000 + n),
      after: { username: `u${n}` },
    }))
    const runs = [deeds, deeds.toReversed(), deeds, deeds.toReversed()].map((list) =>
      office.db.transaction().execute((trx) => writeAudits(trx, list, author(), noon)),
    )
    expect(await Promise.all(runs)).toHaveLength(4)
  })

  it('A01: is there exactly when its transaction committed, whatever fails and where', async () => {
    const step = fc.constantFrom<'audit' | 'change' | 'fail'>('audit', 'change', 'change', 'fail')
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), fc.uuid(), async (steps, name) => {
        const run = office.db.transaction().execute(async (trx) => {
          for (const one of steps) {
            if (one === 'fail') throw new Error('as planned')
            if (one === 'change')
              await trx
                .insertInto('address_space')
                .values({ name: `${name} ${Math.random()}` })
                .execute()
            const deed = { action: 'nas.edit', noun: name, rowId: 1n, personId: 70n, after: { full_name: 'x' } }
            if (one === 'audit') await writeAudit(trx, deed, author(), noon)
          }
        })
        const fails = steps.includes('fail')
        const outcome = await run.then(
          () => 'committed',
          (error: Error) => error.message,
        )
        expect(outcome).toBe(fails ? 'as planned' : 'committed')
        const [found] = await rowsOf(
          office,
          `select (select count(*) from audit_entry where noun = $1)::integer as entries,
             (select count(*) from address_space where starts_with(name, $1))::integer as changes`,
          [name],
        )
        const made = (what: string): number => (fails ? 0 : steps.filter((one) => one === what).length)
        expect(found).toEqual({ entries: made('audit'), changes: made('change') })
      }),
      { numRuns: 40 },
    )
  })
})

describe('changesOf', () => {
  it('names what differs, and nothing else', () => {
    const before = { name: 'a', limit: 1n, at: noon, list: ['x'], same: null, id: Buffer.from('a') }
    const after = { name: 'b', limit: 1n, at: new Date(noon), list: ['y'], same: null, id: Buffer.from('a') }
    expect(changesOf(before, after)).toEqual({ before: { name: 'a', list: ['x'] }, after: { name: 'b', list: ['y'] } })
    expect(changesOf(before, { ...before })).toBeUndefined()
  })

  it('takes a value that was not there for null', () => {
    expect(changesOf({}, { zone: 'north' })).toEqual({ before: { zone: null }, after: { zone: 'north' } })
    expect(changesOf({}, { zone: null })).toBeUndefined()
    expect(changesOf({ zone: 'north' }, { zone: undefined })).toEqual({
      before: { zone: 'north' },
      after: { zone: null },
    })
  })
})
