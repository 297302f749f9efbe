// The disk of Postgres is full: the one with the tables, and the one with its log. Needs the right to mount small disks.
import { chownSync, cpSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startPostgres, until } from '../support/cluster.ts'
import { complaintsOf, openOutageWorld, outage, type OutageFigures } from '../support/postgres-faults.ts'
import { canMount, mountDisk, type SmallDisk } from '../support/small-disk.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

function told(id: string, { logins, acknowledged, drainedAfterMs, statuses }: OutageFigures): void {
  const { right, wrong } = logins
  say(
    `${id}: right ${right.online} let in, ${right.timeout} silent, ${right.rejected} rejected; wrong ${wrong.online} let in; ` +
      `${acknowledged} records acknowledged; whole again ${Math.round(drainedAfterMs)} ms after; office ${JSON.stringify([...statuses])}`,
  )
}

/** Makes a cluster on the disk, with its log elsewhere. */
async function clusterWithLogElsewhere(disk: SmallDisk): Promise<() => void> {
  const first = await startPostgres(disk.directory)
  await first.close()
  const inside = join(disk.directory, 'postgres', 'cluster', 'pg_wal')
  const outside = `${disk.directory}-wal`
  const { uid, gid } = statSync(inside)
  mkdirSync(outside, { mode: 0o711 })
  cpSync(inside, join(outside, 'pg_wal'), { recursive: true, preserveTimestamps: true })
  const log = join(outside, 'pg_wal')
  for (const name of ['', ...readdirSync(log, { recursive: true, encoding: 'utf8' })])
    chownSync(join(log, name), uid, gid)
  renameSync(inside, `${inside}.was`)
  symlinkSync(log, inside)
  rmSync(`${inside}.was`, { recursive: true })
  return () => rmSync(outside, { recursive: true, force: true })
}

it.runIf(canMount())(
  'F19: the disk of the tables is full for 8 s',
  async () => {
    const disk = mountDisk(300)
    const removeLog = await clusterWithLogElsewhere(disk)
    const world = await openOutageWorld({
      seed: 'F19',
      network: 77,
      subscribers: 20,
      postgresDirectory: disk.directory,
    })
    try {
      const figures = await outage(world, {
        seconds: 8,
        perSecond: 50,
        begin: () => disk.fill(),
        end: () => disk.free(),
      })
      told('F19', figures)
      expect(complaintsOf(figures)).toEqual([])
    } finally {
      await world.close()
      disk.remove()
      removeLog()
    }
  },
  180_000,
)

it.runIf(canMount())(
  'F19b: the disk of the log is full: Postgres ends, and is started again once there is room',
  async () => {
    const disk = mountDisk(300)
    const world = await openOutageWorld({
      seed: 'F19b',
      network: 78,
      subscribers: 20,
      postgresDirectory: disk.directory,
    })
    try {
      const figures = await outage(world, {
        seconds: 8,
        perSecond: 50,
        async begin() {
          disk.fill()
          const { pool } = world.postgres
          // Nothing but log is written by it.
          const write = `select pg_logical_emit_message(false, 'filler', repeat('x', 1000000)) from generate_series(1, 40)`
          await pool.query(write).catch(() => undefined)
          await until(() => world.postgres.pids().length === 0, 30_000, 'Postgres goes on without room for its log')
        },
        async end() {
          disk.free()
          await world.postgres.start()
        },
      })
      told('F19b', figures)
      expect(complaintsOf(figures)).toEqual([])
    } finally {
      await world.close()
      disk.remove()
    }
  },
  180_000,
)
