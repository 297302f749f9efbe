// The disk of Postgres is full: the one with the tables, and the one with its log. Needs the right to mount small disks.
import { chownSync, cpSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startPostgres, until } from '../support/cluster.ts'
import type { FaultWorld } from '../support/fault-world.ts'
import { complaintsOf, openOutageWorld, outage, told } from '../support/postgres-faults.ts'
import { canMount, mountDisk, type SmallDisk } from '../support/small-disk.ts'

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

type Disk = {
  readonly id: string
  readonly network: number
  /** Prepares the disk before Postgres is on it; gives what removes that. */
  prepare?(disk: SmallDisk): Promise<() => void>
  begin(disk: SmallDisk, world: FaultWorld): void | Promise<void>
  end(disk: SmallDisk, world: FaultWorld): void | Promise<void>
}

/** An outage of 8 s of a Postgres on a small disk. Gives what is wrong with it. */
async function fillDisk({ id, network, prepare, begin, end }: Disk): Promise<string[]> {
  const disk = mountDisk(300)
  const undo = await prepare?.(disk)
  const world = await openOutageWorld({ seed: id, network, subscribers: 20, postgresDirectory: disk.directory })
  try {
    const figures = await outage(world, {
      seconds: 8,
      perSecond: 50,
      begin: () => begin(disk, world),
      end: () => end(disk, world),
    })
    told(id, figures)
    return complaintsOf(figures)
  } finally {
    await world.close()
    disk.remove()
    undo?.()
  }
}

it.runIf(canMount())(
  'F19: the disk of the tables is full for 8 s',
  async () => {
    const complaints = await fillDisk({
      id: 'F19',
      network: 77,
      prepare: clusterWithLogElsewhere,
      begin: (disk) => disk.fill(),
      end: (disk) => disk.free(),
    })
    expect(complaints).toEqual([])
  },
  180_000,
)

it.runIf(canMount())(
  'F19b: the disk of the log is full: Postgres ends, and is started again once there is room',
  async () => {
    const complaints = await fillDisk({
      id: 'F19b',
      network: 78,
      async begin(disk, { postgres }) {
        disk.fill()
        // Nothing but log is written by it.
        const write = `select pg_logical_emit_message(false, 'filler', repeat('x', 1000000)) from generate_series(1, 40)`
        await postgres.pool.query(write).catch(() => undefined)
        await until(() => postgres.pids().length === 0, 30_000, 'Postgres goes on without room for its log')
      },
      async end(disk, { postgres }) {
        disk.free()
        await postgres.start()
      },
    })
    expect(complaints).toEqual([])
  },
  180_000,
)
