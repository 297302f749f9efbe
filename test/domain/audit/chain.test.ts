import { describe, expect, it } from 'vitest'
import { createPool, withTransaction } from '../../../src/db/pool.ts'
import { writeAudit } from '../../../src/domain/audit/audit.ts'
import { chainHead, emptyHead, extendChain, linkHash } from '../../../src/domain/audit/chain.ts'
import { verifyChain } from '../../../src/domain/audit/verify-chain.ts'
import { ownAuthor } from '../../../src/domain/author.ts'
import { noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const author = () => ownAuthor('system', 'test', office.keyring)
const write = (rowId: number, now = noon) =>
  writeAudit(office.db, { action: 'plan.edit', noun: 'plan', rowId: BigInt(rowId), after: { n: rowId } }, author(), now)
const links = () => rowsOf(office, 'select sequence, entry_id from audit_chain order by sequence')
/** As somebody who owns the database, past the triggers. */
const tamper = async (statement: string): Promise<void> => {
  await withTransaction(office.pool, async (client) => {
    await client.query(`set local session_replication_role = replica`)
    await client.query(statement)
  })
}

describe('the chain over the audit trail', () => {
  it('links what is committed, in the order of ids, and nothing twice', async () => {
    expect(await chainHead(office.db)).toEqual(emptyHead)
    for (const row of [1, 2, 3]) await write(row)
    expect(await extendChain(office.db, noon)).toEqual({ chained: 3, isMore: false })
    expect(await extendChain(office.db, noon)).toEqual({ chained: 0, isMore: false })
    expect((await links()).map((link) => link.sequence)).toEqual([1n, 2n, 3n])
    expect(await verifyChain(office.db, undefined)).toMatchObject({ faults: [], waiting: 0, head: { sequence: 3n } })
  })

  it('A03: an entry that commits late is linked after those with greater ids; a long writer holds up nobody', async () => {
    const other = createPool(office.url, { name: 'late', max: 1 })
    const client = await other.connect()
    await client.query('begin')
    await client.query(`insert into audit_entry (at, author_kind, author_name, action, noun) values
      (now(), 'system', 'late', 'plan.edit', 'plan')`)
    await write(5)
    expect(await extendChain(office.db, noon)).toMatchObject({ chained: 1 })
    await write(6)
    expect(await extendChain(office.db, noon)).toMatchObject({ chained: 1 })
    await client.query('commit')
    client.release()
    await other.end()
    expect(await extendChain(office.db, noon)).toMatchObject({ chained: 1 })
    const ids = (await links()).map((link) => Number(link.entry_id))
    expect(ids.at(-1)).toBeLessThan(ids.at(-2)!)
    expect(await verifyChain(office.db, undefined)).toMatchObject({ faults: [], waiting: 0 })
  })

  it('A03: one instance at a time, and the others go on at once', async () => {
    await write(7)
    await withTransaction(office.pool, async (client) => {
      await client.query(`select pg_advisory_xact_lock(hashtext('gatehouse audit_chain'))`)
      expect(await extendChain(office.db, noon)).toEqual({ chained: 0, isMore: false })
    })
    const both = await Promise.all([extendChain(office.db, noon), extendChain(office.db, noon)])
    expect(both.map(({ chained }) => chained).toSorted((a, b) => a - b)).toEqual([0, 1])
  })

  it('A03: many writers at once, and the sequencer beside them, lose nothing', async () => {
    const state = { isDone: false }
    const writers = Promise.all(Array.from({ length: 40 }, (_, n) => write(100 + n))).then(() => (state.isDone = true))
    while (!state.isDone) await extendChain(office.db, noon)
    await writers
    await extendChain(office.db, noon)
    const [count] = await rowsOf(
      office,
      `select count(*) as entries, (select count(*) from audit_chain) as links from audit_entry`,
    )
    expect(count!.entries).toBe(count!.links)
    expect(await verifyChain(office.db, undefined)).toMatchObject({ faults: [], waiting: 0 })
  })

  it('goes on where a database was restored into a cluster with smaller transaction numbers', async () => {
    await office.pool.query(`update audit_chain_position set changed_by = '99999999999'`)
    await tamper(`update audit_entry set changed_by = '99999999998' where noun = 'nothing'`)
    await write(8)
    expect(await extendChain(office.db, noon)).toMatchObject({ chained: 1 })
    const [position] = await rowsOf(
      office,
      `select changed_by < '99999999999' as back, floor_id from audit_chain_position`,
    )
    expect(position).toMatchObject({ back: true })
    await write(9)
    expect(await extendChain(office.db, noon)).toMatchObject({ chained: 1 })
  })

  it('cannot be changed, nor can the trail', async () => {
    const tables = { audit_entry: 'at', audit_chain: 'hash', disclosure: 'at' }
    for (const [table, column] of Object.entries(tables)) {
      for (const statement of [
        `update ${table} set ${column} = ${column}`,
        `delete from ${table}`,
        `truncate ${table}`,
      ]) {
        await expect(office.pool.query(statement)).rejects.toThrow(/is appended to and never changed/)
      }
    }
  })

  it('tells values apart whatever is in them', () => {
    const hash = (columns: (string | null)[]) => linkHash(emptyHead.hash, 1n, columns).toString('hex')
    const all = [
      ['ab', ''],
      ['a', 'b'],
      ['', 'ab'],
      [null, 'ab'],
      ['-', 'ab'],
      ['1:a\n', 'b'],
    ].map(hash)
    expect(new Set(all).size).toBe(all.length)
    expect(hash(['ä'])).toBe(hash(['ä']))
    expect(linkHash(emptyHead.hash, 2n, ['a'])).not.toEqual(linkHash(emptyHead.hash, 1n, ['a']))
  })
})

describe('A02: the verifier', () => {
  it('finds an edit, whatever column it is in', async () => {
    await extendChain(office.db, noon)
    const [entry] = await rowsOf(office, `select id, at from audit_entry order by id limit 1`)
    for (const [column, value, back] of [
      ['author_name', `'somebody else'`, `'test'`],
      ['row_id', '77', '1'],
      ['after', `'{"n": 2}'`, `'{"n": 1}'`],
      ['at', `at - interval '1 hour'`, `at + interval '1 hour'`],
    ]) {
      await tamper(`update audit_entry set ${column} = ${value} where id = ${String(entry!.id)}`)
      expect(await verifyChain(office.db, undefined)).toMatchObject({ faults: [{ sequence: 1n, what: 'changed' }] })
      await tamper(`update audit_entry set ${column} = ${back} where id = ${String(entry!.id)}`)
    }
    expect(await verifyChain(office.db, undefined)).toMatchObject({ faults: [] })
  })

  it('finds two entries that were exchanged', async () => {
    const swap = `update audit_chain set entry_id = case sequence
      when 2 then (select entry_id from audit_chain where sequence = 3) else (select entry_id from audit_chain where sequence = 2) end
      where sequence in (2, 3)`
    await tamper(`alter table audit_chain drop constraint audit_chain_entry_id_key`)
    await tamper(swap)
    const { faults } = await verifyChain(office.db, undefined)
    expect(faults).toMatchObject([
      { sequence: 2n, what: 'changed' },
      { sequence: 3n, what: 'changed' },
    ])
    await tamper(swap)
    expect((await verifyChain(office.db, undefined)).faults).toEqual([])
  })

  it('A07: goes by the sequence, whatever the clock said', async () => {
    await write(20, new Date('2020-01-01T00:00:00Z'))
    await extendChain(office.db, noon)
    expect((await verifyChain(office.db, undefined)).faults).toEqual([])
  })

  it('finds with a kept head that the end was cut off or computed anew', async () => {
    const kept = await chainHead(office.db)
    expect((await verifyChain(office.db, kept)).faults).toEqual([])
    expect((await verifyChain(office.db, { ...kept, hash: Buffer.alloc(32, 1) })).faults).toMatchObject([
      { sequence: kept.sequence, what: 'rewritten' },
    ])
    await tamper(
      `delete from audit_entry where id = (select entry_id from audit_chain where sequence = ${kept.sequence})`,
    )
    expect((await verifyChain(office.db, undefined)).faults).toMatchObject([
      { sequence: kept.sequence, what: 'missing' },
    ])
    await tamper(`delete from audit_chain where sequence = ${kept.sequence}`)
    expect((await verifyChain(office.db, undefined)).faults).toEqual([])
    expect((await verifyChain(office.db, kept)).faults).toMatchObject([{ sequence: kept.sequence, what: 'cut' }])
  })

  it('finds links that are gone with their entries', async () => {
    await tamper(`delete from audit_entry where id = (select entry_id from audit_chain where sequence = 5)`)
    await tamper(`delete from audit_chain where sequence = 5`)
    expect((await verifyChain(office.db, undefined)).faults).toMatchObject([{ sequence: 5n, what: 'gap' }])
  })
})
