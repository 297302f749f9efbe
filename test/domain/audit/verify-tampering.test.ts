import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from 'kysely'
import type { PoolClient } from 'pg'
import { writeAudit } from '../../../src/domain/audit/audit.ts'
import { canonicalColumns, chainHead, extendChain, linkHash } from '../../../src/domain/audit/chain.ts'
import type { ChainHead } from '../../../src/domain/audit/chain.ts'
import { verifyChain } from '../../../src/domain/audit/verify-chain.ts'
import type { ChainFault } from '../../../src/domain/audit/verify-chain.ts'
import { noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const last = 12n
let kept: ChainHead

/** What a verifier finds after somebody who owns the database did this past the triggers; it is undone afterwards. */
async function faultsAfter(statements: string | readonly string[], head?: ChainHead): Promise<ChainFault[]> {
  return office.db
    .transaction()
    .execute(async (trx) => {
      await sql`set local session_replication_role = replica`.execute(trx)
      for (const statement of [statements].flat()) await sql.raw(statement).execute(trx)
      throw new Found((await verifyChain(trx, head)).faults)
    })
    .catch((error: unknown) => {
      if (error instanceof Found) return error.faults
      throw error
    })
}

class Found extends Error {
  readonly faults: ChainFault[]
  constructor(faults: ChainFault[]) {
    super('rolled back')
    this.faults = faults
  }
}

const shown = (faults: readonly ChainFault[]) => faults.map(({ sequence, what }) => `${sequence} ${what}`)
const entryOf = (sequence: number) => `(select entry_id from audit_chain where sequence = ${sequence})`

beforeAll(async () => {
  const author = { ...office.author, operatorId: 7n, address: '192.0.2.1', requestId: 'r', viewedBy: 'boss' }
  for (let n = 1; n <= Number(last); n += 1) {
    const deed = { action: 'subscriber.edit', noun: 'subscriber', rowId: BigInt(n), ownerId: 1n }
    const values = { before: { plan: 'a', full_name: 'Anna' }, after: { plan: `b${n}`, full_name: 'Berta' } }
    await writeAudit(office.db, { ...deed, ...values }, author, noon)
  }
  await extendChain(office.db, noon)
  kept = await chainHead(office.db)
})

describe('the verifier names the link of an entry that was changed', () => {
  it.each([
    ['at', `at + interval '1 microsecond'`],
    ['changed_by', `'5'`],
    ['author_kind', `'token'`],
    ['operator_id', '8'],
    ['operator_id', 'null'],
    ['author_name', `author_name || ' '`],
    ['viewed_by', 'null'],
    ['viewed_by', `''`],
    ['address', `'192.0.2.2'`],
    ['address', `'192.0.2.1/24'`],
    ['request_id', `'s'`],
    ['action', `'subscriber.block'`],
    ['noun', `'payer'`],
    ['row_id', '99'],
    ['owner_id', '2'],
    ['owner_id', 'null'],
    ['before', `'{"plan": "b"}'`],
    ['before', 'null'],
    ['after', `after || '{"more": 1}'`],
    ['after', `'{"plan": null}'`],
    ['person_id', '99'],
    ['personal', `set_byte(personal, 20, (get_byte(personal, 20) + 1) % 256)`],
    ['personal', 'null'],
    ['personal', `personal || '\\x00'`],
  ])('in %s, to %s', async (column, value) => {
    const faults = await faultsAfter(`update audit_entry set ${column} = ${value} where id = ${entryOf(5)}`)
    expect(shown(faults.filter(({ sequence }) => sequence === 5n))).toEqual(['5 changed'])
    expect(faults).toHaveLength(1)
  })

  it('whichever columns there are: each of the table is in the hash', async () => {
    const columns = await rowsOf(
      office,
      `select column_name as name from information_schema.columns where table_name = 'audit_entry' and column_name <> 'id'`,
    )
    for (const { name } of columns) {
      const faults = await faultsAfter(
        `update audit_entry set ${String(name)} = other.${String(name)} from (select (jsonb_populate_record(null::audit_entry,
           jsonb_build_object('at', '2001-01-01', 'changed_by', '3', 'author_kind', 'anonymous', 'operator_id', 3,
             'author_name', 'x', 'viewed_by', 'x', 'address', '::1', 'request_id', 'x', 'action', 'x', 'noun', 'x',
             'row_id', 3000, 'owner_id', 3000, 'before', '[]', 'after', '[]', 'person_id', 3000, 'personal', '\\x00'))).*) other
         where audit_entry.id = ${entryOf(5)}`,
      )
      expect([name, shown(faults)]).toEqual([name, ['5 changed']])
    }
  })
})

describe('the verifier finds', () => {
  it.each<[string, string | string[], string[]]>([
    ['nothing where nothing was done', 'select 1', []],
    ['an entry that was deleted', `delete from audit_entry where id = ${entryOf(4)}`, ['4 missing']],
    [
      'every entry where all were deleted',
      'delete from audit_entry',
      Array.from({ length: Number(last) }, (_, n) => `${n + 1} missing`),
    ],
    ['a link that was deleted', 'delete from audit_chain where sequence = 4', ['4 gap']],
    ['the first link that was deleted', 'delete from audit_chain where sequence = 1', ['1 gap']],
    ['a run of links that were deleted', 'delete from audit_chain where sequence between 4 and 6', ['4 gap']],
    ['two holes', 'delete from audit_chain where sequence in (3, 7)', ['3 gap', '7 gap']],
    [
      'a hash that was changed, and the link that was made of it',
      `update audit_chain set hash = sha256('x') where sequence = 4`,
      ['4 changed', '5 changed'],
    ],
    [
      'links that were numbered anew over a hole',
      [
        'delete from audit_chain where sequence = 4',
        'update audit_chain set sequence = sequence + 1000 where sequence > 4',
        'update audit_chain set sequence = sequence - 1001 where sequence > 4',
      ],
      Array.from({ length: Number(last) - 4 }, (_, n) => `${n + 4} changed`),
    ],
    [
      'an entry that was written in place of another',
      [
        `insert into audit_entry (at, author_kind, author_name, action, noun) values (now(), 'system', 'x', 'a.b', 'a')`,
        'update audit_chain set entry_id = (select max(id) from audit_entry) where sequence = 4',
      ],
      ['4 changed'],
    ],
    [
      'a copy of an entry with another id',
      [
        `insert into audit_entry (at, changed_by, author_kind, operator_id, author_name, viewed_by, address, request_id,
           action, noun, row_id, owner_id, before, after, person_id, personal)
         select at, changed_by, author_kind, operator_id, author_name, viewed_by, address, request_id, action, noun, row_id,
           owner_id, before, after, person_id, personal from audit_entry where id = ${entryOf(4)}`,
        'update audit_chain set entry_id = (select max(id) from audit_entry) where sequence = 4',
      ],
      ['4 changed'],
    ],
  ])('%s', async (_what, statements, wanted) => {
    expect(shown(await faultsAfter(statements))).toEqual(wanted)
  })

  it('with a kept head what looks whole by itself: an end that was cut off', async () => {
    const cut = [
      `delete from audit_entry where id in (select entry_id from audit_chain where sequence > 8)`,
      'delete from audit_chain where sequence > 8',
    ]
    expect(await faultsAfter(cut)).toEqual([])
    expect(shown(await faultsAfter(cut, kept))).toEqual([`${last} cut`])
    const all = ['delete from audit_entry', 'delete from audit_chain']
    expect(await faultsAfter(all)).toEqual([])
    expect(shown(await faultsAfter(all, kept))).toEqual([`${last} cut`])
  })

  it('with a kept head what looks whole by itself: an edit after which all hashes were computed anew', async () => {
    const statements = await forgedFrom(6)
    expect(await faultsAfter(statements)).toEqual([])
    expect(shown(await faultsAfter(statements, kept))).toEqual([`${last} rewritten`])
  })

  it('nothing against a head that was kept when the chain was empty', async () => {
    expect(await faultsAfter('select 1', { sequence: 0n, hash: Buffer.alloc(32) })).toEqual([])
  })

  it('no more than a hundred faults, the first ones', async () => {
    const many = `insert into audit_chain (sequence, entry_id, hash, chained_at)
      select ${last} + n, 1000000 + n, 'x', now() from generate_series(1, 300) n`
    const faults = await faultsAfter(many)
    expect(faults).toHaveLength(100)
    expect(shown(faults)[0]).toBe(`${last + 1n} missing`)
  })
})

/** The statements of a forger who changes the entry of a link and knows how hashes are made. */
async function forgedFrom(sequence: number): Promise<string[]> {
  const edit = `update audit_entry set author_name = 'somebody else' where id = ${entryOf(sequence)}`
  const { rows: links } = await sql<{ sequence: bigint; hash: Buffer; columns: (string | null)[] }>`
    select audit_chain.sequence, audit_chain.hash, ${canonicalColumns} as columns
    from audit_chain join audit_entry on audit_entry.id = audit_chain.entry_id order by 1`.execute(office.db)
  let previous = links[sequence - 2]!.hash
  const updates = links.slice(sequence - 1).map(({ sequence: at, columns }) => {
    const forged = Number(at) === sequence ? columns.with(5, 'somebody else') : columns
    previous = linkHash(previous, at, forged)
    return `update audit_chain set hash = '\\x${previous.toString('hex')}' where sequence = ${at}`
  })
  return [edit, ...updates]
}

describe('a verifier beside writers', () => {
  it('says how many committed entries wait, and takes those under way for nothing', async () => {
    const insert = (client: Pick<PoolClient, 'query'>) =>
      client.query(
        `insert into audit_entry (at, author_kind, author_name, action, noun) values (now(), 'system', 'x', 'a.b', 'a')`,
      )
    const client = await office.pool.connect()
    await client.query('begin')
    await insert(client)
    await insert(office.pool)
    await insert(office.pool)
    expect(await verifyChain(office.db, kept)).toMatchObject({ faults: [], waiting: 2, head: { sequence: last } })
    await client.query('commit')
    client.release()
    expect(await verifyChain(office.db, kept)).toMatchObject({ faults: [], waiting: 3 })
  })
})
