// Recovery codes: ten, each good once, typed from paper, worth nothing in anybody else's row.

import { describe, expect, it } from 'vitest'
import {
  countRecoveryCodes,
  makeRecoveryCodes,
  recoveryCodes,
  removeRecoveryCodes,
  useRecoveryCode,
} from '../../../src/domain/operator/recovery-code.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'
import { hire } from '../../support/staff.ts'

const office = useOffice()
const make = (operatorId: bigint) => makeRecoveryCodes(office.db, office.keyring, operatorId, noon)
const use = (operatorId: bigint, code: string) =>
  useRecoveryCode(office.db, office.keyring, { operatorId, code }, hours(1))

describe('recovery codes', () => {
  it('are ten different ones that nobody misreads', async () => {
    const { id } = await hire(office, 'viewer')
    const codes = await make(id)
    expect(codes).toHaveLength(recoveryCodes)
    expect(new Set(codes).size).toBe(recoveryCodes)
    for (const code of codes) expect(code).toMatch(/^([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}$/)
    expect(await countRecoveryCodes(office.db, id)).toBe(10)
  })

  it('are taken as people type them, each once', async () => {
    const { id } = await hire(office, 'viewer')
    const codes = await make(id)
    const typed = [
      codes[0]!.toUpperCase(),
      codes[1]!.replaceAll('-', ''),
      ` ${codes[2]!.replaceAll('-', ' ')} `,
      codes[3]!.replaceAll('-', '\t- '),
    ]
    for (const code of typed) expect([code, await use(id, code)]).toEqual([code, true])
    for (const code of [...typed, ...codes.slice(0, 4)]) expect([code, await use(id, code)]).toEqual([code, false])
    expect(await countRecoveryCodes(office.db, id)).toBe(6)
    const used = await rowsOf(
      office,
      'select used_at from recovery_code where operator_id = $1 and used_at is not null',
      [id],
    )
    expect(used).toEqual(Array.from({ length: 4 }, () => ({ used_at: hours(1) })))
  })

  it('of one code let one of twenty in who bring it at once', async () => {
    const { id } = await hire(office, 'viewer')
    const [code] = await make(id)
    const results = await Promise.all(Array.from({ length: 20 }, () => use(id, code!)))
    expect(results.filter(Boolean)).toHaveLength(1)
    expect(await countRecoveryCodes(office.db, id)).toBe(9)
  })

  it.each(['', '----', '0000-0000-0000-0000', 'é'.repeat(16), '%', 'a'.repeat(40)])('are not %j', async (code) => {
    const { id } = await hire(office, 'viewer')
    await make(id)
    expect(await use(id, code)).toBe(false)
    expect(await countRecoveryCodes(office.db, id)).toBe(10)
  })

  it('are worth nothing to another operator, though the digest was copied into their row (S02)', async () => {
    const [{ id: one }, { id: other }] = [await hire(office, 'viewer'), await hire(office, 'viewer')]
    const [code] = await make(one)
    await make(other)
    expect(await use(other, code!)).toBe(false)
    await office.pool.query('update recovery_code set operator_id = $2 where operator_id = $1', [one, other])
    expect(await use(other, code!)).toBe(false)
  })

  it('end when new ones are made, and all of them when they are removed', async () => {
    const { id } = await hire(office, 'viewer')
    const [old] = await make(id)
    const [fresh, second] = await make(id)
    expect([await use(id, old!), await use(id, fresh!)]).toEqual([false, true])
    await removeRecoveryCodes(office.db, id)
    expect([await use(id, second!), await countRecoveryCodes(office.db, id)]).toEqual([false, 0])
  })

  it('are not in the database, nor anything they could be guessed from', async () => {
    const { id } = await hire(office, 'viewer')
    const codes = await make(id)
    const rows = await rowsOf(office, 'select code_hash from recovery_code where operator_id = $1', [id])
    const hashes = rows.map((row) => row['code_hash'] as Buffer)
    expect(new Set(hashes.map((hash) => hash.toString('hex'))).size).toBe(10)
    for (const code of codes) {
      for (const hash of hashes) expect(hash.includes(Buffer.from(code.replaceAll('-', '')))).toBe(false)
    }
  })
})
