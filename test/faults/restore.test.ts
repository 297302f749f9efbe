// A Postgres that goes back in time, because an old copy of it was put in place; and a migration that is killed in its middle.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { createRandom } from '../../src/simulator/random.ts'
import { poll, settled } from '../support/cluster.ts'
import { createTestDatabase } from '../support/database.ts'
import { guests, openWorld } from '../support/fault-world.ts'
import { password, sessionRows } from '../support/isp.ts'
import { lineMac } from '../support/many-lines.ts'
import { programEnvironment } from '../support/program-environment.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

it('F24: an old copy of the database is put in place: service goes on, live sessions come back with all that they counted, and the gap is what had ended', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-restore-'))
  const world = await openWorld({
    seed: 'F24',
    network: 79,
    subscribers: 10,
    others: guests(10),
    postgresDirectory: directory,
  })
  const { postgres, fleet, door, service } = world
  const cluster = join(directory, 'postgres', 'cluster')
  const exchange = async (deed: () => void): Promise<void> => {
    await postgres.kill()
    deed()
    await postgres.start()
    await settled(service, postgres.pool)
  }
  try {
    const interims = (): Promise<boolean[]> =>
      Promise.all(
        fleet.nases.flatMap((nas) =>
          nas.sessions().map((session) => {
            nas.pass(session, 60)
            return nas.interim(session)
          }),
        ),
      )
    await interims()
    await exchange(() => execFileSync('cp', ['-a', cluster, `${cluster}.copy`]))
    // What the copy does not know: sessions that begin and end, sessions that begin and stay, somebody who is blocked.
    const begun = await Promise.all(
      [0, 1, 2, 3].map((at) => door.dial({ username: `guest${at}`, password, method: 'pap', mac: lineMac(500 + at) })),
    )
    for (const [at, outcome] of begun.entries()) {
      if (outcome.kind !== 'online') throw new Error(outcome.kind)
      await outcome.started
      if (at >= 2) await door.stop(outcome.session, 'User-Request')
    }
    expect((await interims()).every(Boolean)).toBe(true)
    await exchange(() => {
      rmSync(cluster, { recursive: true })
      renameSync(`${cluster}.copy`, cluster)
    })
    // Everybody who is online says so again, as NASes do at the next interim.
    for (let round = 0; round < 2; round += 1) {
      await interims()
      for (const session of door.sessions()) {
        door.pass(session, 60)
        await door.interim(session)
      }
    }
    const openIn = async (): Promise<Set<string>> =>
      new Set((await sessionRows(postgres.pool)).flatMap((row) => (row.endedAt === undefined ? [row.username] : [])))
    await poll(async () => (await openIn()).size === 12, 20_000, 'not every live session comes back')
    const rows = await sessionRows(postgres.pool)
    const gap = ['guest2', 'guest3'].filter((name) => !rows.some(({ username }) => username === name))
    for (const nas of [...fleet.nases, door])
      for (const { username, counters } of nas.sessions()) {
        const row = rows.find((candidate) => candidate.username === username && candidate.endedAt === undefined)
        expect([username, row?.inputOctets]).toEqual([username, counters.inputOctets])
      }
    say(`F24: 12 of 12 live sessions are back and exact; sessions that ended in the gap and are gone: ${gap.length}`)
    // Whoever is blocked after the restore is blocked: what is known here follows the books back in time.
    await postgres.pool.query(`update subscriber set blocked_at = now() where username = 'guest9'`)
    const isKeptOut = async (): Promise<boolean> => {
      const outcome = await door.dial({ username: 'guest9', password, method: 'pap', mac: lineMac(509) })
      if (outcome.kind === 'online') await door.stop(outcome.session, 'User-Request')
      return outcome.kind === 'rejected'
    }
    await poll(isKeptOut, 10_000, 'a block after the restore does not bite')
    await sleep(3_000)
    await postgres.kill()
    expect(await isKeptOut()).toBe(true)
    await postgres.start()
    await settled(service, postgres.pool)
  } finally {
    await world.close()
    rmSync(directory, { recursive: true, force: true })
  }
}, 180_000)

it('F25: a migration is killed 20 times in its middle, with another one at its side: the schema is whole in the end', async () => {
  const main = new URL('../../src/main.ts', import.meta.url).pathname
  const random = createRandom('F25')
  const model = await createTestDatabase()
  const columns = (pool: typeof model.pool) =>
    pool.query(
      `select table_name, column_name, data_type from information_schema.columns where table_schema = 'public' order by 1, 2`,
    )
  const wanted = (await columns(model.pool)).rows
  let killed = 0
  for (let round = 0; round < 20; round += 1) {
    const database = await createTestDatabase({ empty: true })
    const env = { ...programEnvironment, DATABASE_URL: database.url, GATEHOUSE_LOG_LEVEL: 'silent' }
    const begin = () => spawn(process.execPath, [main, 'migrate'], { env, stdio: 'ignore' })
    const [one, other] = [begin(), begin()]
    const ends = [once(one, 'exit'), once(other, 'exit')]
    // From the first table on it is under way; the moment after that is drawn.
    await poll(async () => (await columns(database.pool)).rows.length > 0, 20_000, 'no migration begins')
    await sleep(random.integer(400))
    for (const child of round % 2 === 0 ? [one, other] : [one]) if (child.kill('SIGKILL')) killed += 1
    await Promise.all(ends)
    await migrate(database.url)
    expect((await columns(database.pool)).rows).toEqual(wanted)
    expect(await migrate(database.url)).toEqual([])
    await database.drop()
  }
  await model.drop()
  say(`F25: ${killed} migrations killed in 20 rounds, the schema whole each time`)
  expect(killed).toBeGreaterThan(10)
}, 300_000)
