// S16: TLS to Postgres. With sslmode=verify-full a server that another authority vouches for, or that has another name, gets no
// password and no statement.
import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/db/embedded.ts'
import { isUnavailable } from '../../src/db/errors.ts'
import { createPool } from '../../src/db/pool.ts'
import { makeAuthority, makeCertificate } from '../support/certificate.ts'
import { silentLog } from '../support/database.ts'

describe('S16: TLS to Postgres', () => {
  let folder: string
  let server: EmbeddedPostgres

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))
    server = await startEmbeddedPostgres({
      dataDirectory: join(folder, 'data'),
      durable: false,
      log: silentLog,
      watch: false,
    })
    const authority = makeAuthority('the right one')
    const { certificate, key } = makeCertificate('localhost', { issuer: authority, dnsNames: ['localhost'] })
    writeFileSync(join(folder, 'right.pem'), authority.certificate)
    writeFileSync(join(folder, 'wrong.pem'), makeAuthority('the right one').certificate)
    const cluster = join(folder, 'data', 'postgres', 'cluster')
    const { uid, gid } = statSync(cluster)
    for (const [name, text] of Object.entries({ 'server.crt': certificate, 'server.key': key })) {
      writeFileSync(join(cluster, name), text, { mode: 0o600 })
      chownSync(join(cluster, name), uid, gid)
    }
    const pool = createPool(server.url, { name: 'test', max: 1 })
    await pool.query('alter system set ssl = on')
    await pool.query('select pg_reload_conf()')
    await pool.end()
  }, 60_000)
  afterAll(async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** What a pool hears that is told to trust `authority` for `host`. */
  async function ask(authority: string, host = 'localhost'): Promise<boolean> {
    const url = new URL(server.url)
    url.hostname = host
    url.searchParams.set('sslmode', 'verify-full')
    url.searchParams.set('sslrootcert', join(folder, authority))
    const pool = createPool(url.href, { name: 'test', max: 1 })
    try {
      const { rows } = await pool.query<{ ssl: boolean }>('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
      return rows[0]!.ssl
    } finally {
      await pool.end()
    }
  }

  it('is spoken where the authority is the right one', async () => {
    expect(await ask('right.pem')).toBe(true)
  })

  it('ends before anything is said where another authority vouches, also one of the same name', async () => {
    await expect(ask('wrong.pem')).rejects.toThrow(/certificate|signature/)
  })

  it('ends where the certificate is for another name', async () => {
    await expect(ask('right.pem', '127.0.0.1')).rejects.toThrow(/altnames|does not match/)
  })

  it('is not given up for a server that does not speak it', async () => {
    const pool = createPool(server.url, { name: 'test', max: 1 })
    await pool.query('alter system set ssl = off')
    await pool.query('select pg_reload_conf()')
    await pool.end()
    const error: unknown = await ask('right.pem').catch((caught: unknown) => caught)
    expect(String(error)).toContain('does not support SSL')
    expect(isUnavailable(error)).toBe(false)
  })
})
