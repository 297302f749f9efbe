// A standby of a test's own Postgres, made as an operator would without pg_basebackup: a copy while it runs, and streaming
// replication from there. Synchronous: what the primary acknowledges, the standby has on its disk.
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { poll, startPostgres, type TestPostgres } from './cluster.ts'

export type ReplicatedPostgres = {
  readonly primary: TestPostgres
  readonly standby: TestPostgres
  /** Names both hosts. */
  readonly url: string
  /** Makes the standby a primary; resolves when it takes writes. How long that took in milliseconds. */
  promote(): Promise<number>
  close(): Promise<void>
}

/** A primary with an empty database, and its synchronous standby. About three seconds. */
export async function startReplicatedPostgres(): Promise<ReplicatedPostgres> {
  const folders = ['primary', 'standby'].map((name) => mkdtempSync(join(tmpdir(), `gatehouse-${name}-`)))
  const [from = '', to = ''] = folders
  const remove = (): void => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }))
  const primary = await startPostgres(from)
  try {
    await copyRunning(primary, from, to)
    const standby = await startPostgres(to)
    await primary.pool.query(`alter system set synchronous_standby_names = '*'`)
    await primary.pool.query('select pg_reload_conf()')
    const isFollowed = async (): Promise<boolean> =>
      (await primary.pool.query(`select from pg_stat_replication where sync_state = 'sync'`)).rowCount === 1
    await poll(isFollowed, 15_000, 'the standby does not follow')
    return {
      primary,
      standby,
      url: withHosts(primary.url, standby.url),
      async promote() {
        const begun = performance.now()
        await standby.pool.query('select pg_promote()')
        return performance.now() - begun
      },
      async close() {
        await standby.close()
        await primary.close()
        remove()
      },
    }
  } catch (error) {
    await primary.close()
    remove()
    throw error
  }
}

/** One URL with the hosts of several. */
export function withHosts(...urls: readonly string[]): string {
  const [first = ''] = urls
  return first.replace(new URL(first).host, urls.map((url) => new URL(url).host).join(','))
}

/** PostgreSQL manual, 25.3.3 (low-level base backup) and 26.2.4 (setting up a standby). */
async function copyRunning(primary: TestPostgres, from: string, to: string): Promise<void> {
  const connection = await primary.pool.connect()
  try {
    await connection.query(`select pg_backup_start('standby', true)`)
    execFileSync('cp', ['-a', join(from, 'postgres'), to])
    const data = join(to, 'postgres', 'cluster')
    for (const name of ['postmaster.pid', 'postmaster.opts']) rmSync(join(data, name), { force: true })
    rmSync(join(to, 'postgres', 'holders'), { recursive: true })
    mkdirSync(join(to, 'postgres', 'holders'), { mode: 0o700 })
    const { rows } = await connection.query<{ labelfile: string }>('select labelfile from pg_backup_stop(true)')
    writeFileSync(join(data, 'backup_label'), rows[0]!.labelfile)
    const { hostname, port, username, password } = new URL(primary.url)
    const follow = `host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)} application_name=standby`
    appendFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${follow}'\n`)
    writeFileSync(join(data, 'standby.signal'), '')
    // The server's user must be able to remove what was made here.
    execFileSync('chown', ['-R', `--reference=${data}`, data])
  } finally {
    connection.release()
  }
}
