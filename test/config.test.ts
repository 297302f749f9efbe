import * as path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'

/** What is wrong with an environment, by line. */
function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
  } catch (error) {
    return error instanceof ConfigError ? error.problems : [String(error)]
  }
  return []
}

describe('the configuration', () => {
  it('needs nothing: every variable has a default', () => {
    expect(readConfig({})).toEqual({
      databaseUrl: undefined,
      dataDirectory: path.resolve('.data'),
      keyFile: path.resolve('.data/gatehouse.key'),
      stateDirectory: path.resolve('.data/state'),
      radiusAddresses: undefined,
      authPort: 1812,
      acctPort: 1813,
      radsec: undefined,
      httpAddress: '127.0.0.1',
      httpPort: 8080,
      tls: undefined,
      trustedProxies: [],
      radiusWorkers: 1,
      lastKnown: 'subscribers',
      logLevel: 'info',
      failPoints: undefined,
    })
  })

  it('takes every variable, and an empty one as unset', () => {
    const config = readConfig({
      PATH: '/bin',
      DATABASE_URL: 'postgresql://gatehouse:secret@db.example:5432/isp?sslmode=verify-full',
      GATEHOUSE_DATA_DIR: '/srv/gatehouse',
      GATEHOUSE_KEY_FILE: '/etc/gatehouse/key',
      GATEHOUSE_STATE_DIR: '/var/lib/gatehouse',
      GATEHOUSE_RADIUS_ADDRESSES: '192.0.2.1, 2001:db8::1',
      GATEHOUSE_AUTH_PORT: '11812',
      GATEHOUSE_ACCT_PORT: '11813',
      GATEHOUSE_RADSEC_PORT: '12083',
      GATEHOUSE_RADSEC_CERT: '/etc/gatehouse/radsec.pem',
      GATEHOUSE_RADSEC_KEY: '/etc/gatehouse/radsec-key.pem',
      GATEHOUSE_RADSEC_CA: '/etc/gatehouse/radsec-ca.pem',
      GATEHOUSE_HTTP_ADDRESS: '0.0.0.0',
      GATEHOUSE_HTTP_PORT: '443',
      GATEHOUSE_TLS_CERT: '/etc/gatehouse/cert.pem',
      GATEHOUSE_TLS_KEY: '/etc/gatehouse/key.pem',
      GATEHOUSE_TRUSTED_PROXIES: '10.0.0.0/8,fd00::/8,192.0.2.9',
      GATEHOUSE_RADIUS_WORKERS: '64',
      GATEHOUSE_LAST_KNOWN: 'nothing',
      GATEHOUSE_LOG_LEVEL: '',
    })
    expect(config).toMatchObject({
      databaseUrl: 'postgresql://gatehouse:secret@db.example:5432/isp?sslmode=verify-full',
      keyFile: '/etc/gatehouse/key',
      stateDirectory: '/var/lib/gatehouse',
      radiusAddresses: ['192.0.2.1', '2001:db8::1'],
      authPort: 11_812,
      radsec: {
        port: 12_083,
        certificate: '/etc/gatehouse/radsec.pem',
        key: '/etc/gatehouse/radsec-key.pem',
        ca: '/etc/gatehouse/radsec-ca.pem',
      },
      tls: { certificate: '/etc/gatehouse/cert.pem', key: '/etc/gatehouse/key.pem' },
      trustedProxies: ['10.0.0.0/8', 'fd00::/8', '192.0.2.9'],
      radiusWorkers: 64,
      lastKnown: 'nothing',
      logLevel: 'info',
    })
    expect(readConfig({ GATEHOUSE_DATA_DIR: '/srv/x' })).toMatchObject({
      keyFile: '/srv/x/gatehouse.key',
      stateDirectory: '/srv/x/state',
    })
  })

  it('takes several hosts of a database, and refuses what is none', () => {
    const url = 'postgres://gatehouse:se%2Ccret@db1.example:5432,[2001:db8::1],10.0.0.3:5433/isp?sslmode=verify-full'
    expect(readConfig({ DATABASE_URL: url }).databaseUrl).toBe(url)
    for (const hosts of ['db1,', ',db1', 'db1,,db2', 'db1,db2:port', 'db1:5432,db2:99999'])
      expect(problemsOf({ DATABASE_URL: `postgres://gatehouse:hunter2@${hosts}/isp` })).toEqual([
        'DATABASE_URL must be a URL like postgres://role:password@host:5432/database, several hosts by commas',
      ])
  })

  it('names every bad variable in one message', () => {
    const bad = {
      DATABASE_URL: 'mysql://root:hunter2@db/isp',
      GATEHOUSE_RADIUS_ADDRESSES: '192.0.2.1,router',
      GATEHOUSE_AUTH_PORT: '0',
      GATEHOUSE_ACCT_PORT: '65536',
      GATEHOUSE_HTTP_ADDRESS: 'localhost',
      GATEHOUSE_HTTP_PORT: '80a',
      GATEHOUSE_TRUSTED_PROXIES: '10.0.0.0/33',
      GATEHOUSE_RADIUS_WORKERS: '65',
      GATEHOUSE_LOG_LEVEL: 'loud',
      GATEHOUSE_TLS_CERT: '/cert.pem',
      GATEHOUSE_RADIUS_ADRESSES: '192.0.2.1',
    }
    const problems = problemsOf(bad)
    for (const name of Object.keys(bad)) expect(problems.some((problem) => problem.startsWith(name))).toBe(true)
    expect(problems).toHaveLength(Object.keys(bad).length)
    const { message } = new ConfigError(problems)
    expect(message.split('\n')).toHaveLength(1 + problems.length)
    expect(message).not.toContain('hunter2')
  })

  it.each(['1', '1812', '65535'])('takes the port %s', (value) => {
    expect(readConfig({ GATEHOUSE_HTTP_PORT: value }).httpPort).toBe(Number(value))
  })

  it.each(['0', '-1', '65536', '1812.5', ' 80', '1e3', '0x50', '١٢'])('refuses the port "%s"', (value) => {
    expect(problemsOf({ GATEHOUSE_HTTP_PORT: value })).toEqual(['GATEHOUSE_HTTP_PORT must be a port from 1 to 65535'])
  })

  it.each(['0', '65', 'two', '1.5'])('refuses %s workers', (value) => {
    expect(problemsOf({ GATEHOUSE_RADIUS_WORKERS: value })).toEqual([
      'GATEHOUSE_RADIUS_WORKERS must be a number from 1 to 64',
    ])
  })

  it('refuses one port for both services', () => {
    expect(problemsOf({ GATEHOUSE_AUTH_PORT: '1813' })).toEqual([
      'GATEHOUSE_AUTH_PORT and GATEHOUSE_ACCT_PORT must differ',
    ])
  })

  it('refuses plain http beyond this machine, unless a proxy is named', () => {
    for (const address of ['0.0.0.0', '::', '192.0.2.1', '2001:db8::1']) {
      expect(problemsOf({ GATEHOUSE_HTTP_ADDRESS: address })).toHaveLength(1)
      expect(problemsOf({ GATEHOUSE_HTTP_ADDRESS: address, GATEHOUSE_TRUSTED_PROXIES: '10.0.0.1' })).toEqual([])
      expect(problemsOf({ GATEHOUSE_HTTP_ADDRESS: address, GATEHOUSE_TLS_CERT: 'c', GATEHOUSE_TLS_KEY: 'k' })).toEqual(
        [],
      )
    }
    for (const address of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) {
      expect(problemsOf({ GATEHOUSE_HTTP_ADDRESS: address })).toEqual([])
    }
  })

  it('refuses a certificate without its key', () => {
    const together = ['GATEHOUSE_TLS_CERT and GATEHOUSE_TLS_KEY must be set together']
    expect(problemsOf({ GATEHOUSE_TLS_KEY: 'k' })).toEqual(together)
    expect(problemsOf({ GATEHOUSE_TLS_CERT: 'c' })).toEqual(together)
  })

  it('refuses a RadSec certificate without its key, and what needs one without it', () => {
    const together = ['GATEHOUSE_RADSEC_CERT and GATEHOUSE_RADSEC_KEY must be set together']
    const needs = 'GATEHOUSE_RADSEC_PORT and GATEHOUSE_RADSEC_CA need GATEHOUSE_RADSEC_CERT and GATEHOUSE_RADSEC_KEY'
    expect(problemsOf({ GATEHOUSE_RADSEC_KEY: 'k' })).toEqual(together)
    expect(problemsOf({ GATEHOUSE_RADSEC_CERT: 'c' })).toEqual(together)
    expect(problemsOf({ GATEHOUSE_RADSEC_CA: 'ca' })).toEqual([needs])
    expect(problemsOf({ GATEHOUSE_RADSEC_PORT: '2083' })).toEqual([needs])
    expect(readConfig({ GATEHOUSE_RADSEC_CERT: '/c', GATEHOUSE_RADSEC_KEY: '/k' }).radsec).toEqual({
      port: 2083,
      certificate: '/c',
      key: '/k',
      ca: undefined,
    })
  })

  it('refuses the old short forms of an address', () => {
    for (const address of ['10.1', '0x7f.1', '1', '010.0.0.1', '']) {
      expect(problemsOf({ GATEHOUSE_RADIUS_ADDRESSES: `192.0.2.1,,${address}` })).toHaveLength(address === '' ? 0 : 1)
    }
    expect(problemsOf({ GATEHOUSE_RADIUS_ADDRESSES: ',' })).toHaveLength(1)
  })

  it('lets fail points through in tests only', () => {
    expect(problemsOf({ GATEHOUSE_FAIL_POINTS: 'after_commit=kill' })).toEqual([
      'GATEHOUSE_FAIL_POINTS is for tests only (NODE_ENV=test)',
    ])
    expect(readConfig({ GATEHOUSE_FAIL_POINTS: 'after_commit=kill', NODE_ENV: 'test' }).failPoints).toBe(
      'after_commit=kill',
    )
  })

  it('leaves the variables of the tests and of other programs alone', () => {
    expect(problemsOf({ GATEHOUSE_TEST_DATABASE_URL: 'x', PGPASSWORD: 'x', NODE_ENV: 'production' })).toEqual([])
  })
})
