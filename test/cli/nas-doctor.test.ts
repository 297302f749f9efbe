// `gatehouse nas doctor` through the command line: findings with their mends, and failure where there is a fault.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { addClientCommands } from '../../src/cli/client.ts'
import { addNasCommands } from '../../src/cli/nas.ts'
import { useCommands } from '../support/commands.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { run, json } = useCommands(database, (program) => {
  addClientCommands(program)
  addNasCommands(program)
})
const deaf = createSocket('udp4')

beforeAll(async () => {
  deaf.bind(0, '127.3.1.1')
  await once(deaf, 'listening')
  await run('client add --name bng1 --address 127.3.1.1 --vendor mikrotik')
  await run(`nas set bng1 --coa-port ${deaf.address().port} coa_timeout_ms=100 coa_tries=1`)
})
afterAll(() => void deaf.close())

/** What was printed before the command failed, and how it failed. */
async function failing(text: string): Promise<{ error: unknown; printed: string }> {
  let printed = ''
  const kept = process.stdout.write.bind(process.stdout)
  const listen = process.stdout as { write: (text: string) => boolean }
  listen.write = (said) => {
    printed += said
    return kept(said)
  }
  const error: unknown = await run(text).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  listen.write = kept
  return { error, printed }
}

it('prints the worst first with what mends it, and fails', async () => {
  const { error, printed } = await failing('nas doctor bng1')
  expect(error).toMatchObject({ name: 'CommandFailedError', message: 'NAS bng1 has 2 faults' })
  const lines = printed.split('\n').map((line) => line.trimEnd().replaceAll(/\s+/g, ' '))
  expect(lines[1]).toMatch(/^fault never-heard nothing that proves itself was ever heard from it/)
  expect(lines[2]).toMatch(/^fault coa-unreachable it answers no CoA or Disconnect at 127\.3\.1\.1 port \d+/)
  expect(lines).toContain(`coa-unreachable /radius incoming set accept=yes port=${deaf.address().port}`)
  expect(lines.at(-2)).toBe(
    'not looked at: how the router itself is set up: nobody gave us access to it. To have it looked at: gatehouse nas router bng1 --rest --user gatehouse --password-stdin --pin FINGERPRINT',
  )
})

it('gives programs the same as JSON, and ends well where there is no fault', async () => {
  const { printed } = await failing('nas doctor bng1 --json')
  const told = JSON.parse(printed) as { findings: unknown[] }
  expect(told).toMatchObject({ nas: 'bng1', vendor: 'mikrotik', severity: 'fault', not_seen: [{}] })
  expect(told.findings[0]).toMatchObject({ code: 'never-heard', severity: 'fault', mend: expect.any(String) as string })
  await database.pool.query(`insert into nas_contact (nas_id, source, heard_on, heard_at)
    select id, '127.3.1.1', '127.0.0.1', now() from nas`)
  await run('nas set bng1 coa=off disconnect=off')
  expect(await json('nas doctor bng1')).toMatchObject({ severity: 'ok' })
})

it('knows no NAS of another name', async () => {
  expect((await failing('nas doctor nobody')).error).toMatchObject({ name: 'NotFoundError' })
})
