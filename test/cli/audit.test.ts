import { beforeAll, describe, expect, it } from 'vitest'
import { addAuditCommands } from '../../src/cli/audit.ts'
import { withTransaction } from '../../src/db/pool.ts'
import { writeAudit } from '../../src/domain/audit/audit.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { useCommands } from '../support/commands.ts'
import { noon, useOffice } from '../support/operator.ts'

const office = useOffice()
const commands = useCommands(office, addAuditCommands)
const write = async (count: number): Promise<void> => {
  const author = ownAuthor('system', 'test', office.keyring)
  for (let n = 0; n < count; n += 1) {
    await writeAudit(office.db, { action: 'plan.edit', noun: 'plan', rowId: BigInt(n + 1) }, author, noon)
  }
}
/** As somebody who owns the database, past the triggers. */
const tamper = (statement: string): Promise<void> =>
  withTransaction(office.pool, async (client) => {
    await client.query(`set local session_replication_role = replica`)
    await client.query(statement)
  })
let kept = ''

beforeAll(() => write(3))

describe('gatehouse audit', () => {
  it('chains what waits and shows the head, as the options that verify takes', async () => {
    expect(await commands.run('audit verify')).toContain('3 entries are not chained yet')
    const [line] = await commands.run('audit head')
    expect(line).toMatch(/^--head [0-9a-f]{64} --at 3$/)
    kept = line!
    expect(await commands.json('audit head')).toEqual({ sequence: 3, hash: kept.split(' ')[1] })
  })

  it('finds nothing in a trail that is whole', async () => {
    const [line] = await commands.run(`audit verify ${kept}`)
    expect(line).toBe(`the audit trail is whole up to 3, hash ${kept.split(' ')[1]}`)
    expect(await commands.json('audit verify')).toMatchObject({ sequence: 3, waiting: 0, faults: [] })
  })

  it('fails for an edit, and says which entry', async () => {
    await tamper(`update audit_entry set action = 'plan.read' where row_id = 2`)
    await expect(commands.run('audit verify')).rejects.toThrow('the audit trail is not as it was written')
    await tamper(`update audit_entry set action = 'plan.edit' where row_id = 2`)
    await commands.run('audit verify')
  })

  it('fails for an end that was cut off, with the head that was kept', async () => {
    await tamper(`delete from audit_entry where row_id = 3`)
    await expect(commands.run('audit verify')).rejects.toThrow('not as it was written')
    await tamper(`delete from audit_chain where sequence = 3`)
    await commands.run('audit verify')
    await expect(commands.run(`audit verify ${kept}`)).rejects.toThrow('not as it was written')
  })

  it('wants hash and sequence together, and of the right form', async () => {
    await expect(commands.run('audit verify --head abc --at 3')).rejects.toThrow('head: must have 64 hex digits')
    await expect(commands.run(`audit verify --head ${'a'.repeat(64)}`)).rejects.toThrow('at: is the number')
    await expect(commands.run('audit verify --at 3')).rejects.toThrow('head: must have 64 hex digits')
  })
})
