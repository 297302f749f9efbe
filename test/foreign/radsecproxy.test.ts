// A foreign judge of RADIUS over TLS: radclient asks Debian's radsecproxy over UDP, which asks us over TLS.
import { spawn, type ChildProcess } from 'node:child_process'
import { rmSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freeUdpPort } from '../../src/cli/free-port.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { setClient } from '../../src/domain/client.ts'
import { fingerprintOf, makeCertificate } from '../support/certificate.ts'
import { stopProcess } from '../../bench/process.ts'
import { authority, serverKeys } from '../support/radsec.ts'
import { hasTools, needTools } from '../support/tools.ts'
import { password, radclient, secret, useFolder, usePeer, username } from './peer.ts'

const files = mkdtempSync(join(tmpdir(), 'gatehouse-radsec-'))
const keep = (name: string, text: string | Buffer): string => {
  writeFileSync(join(files, name), text, { mode: 0o600 })
  return join(files, name)
}
const own = makeCertificate('proxy', { issuer: authority, dnsNames: ['proxy.example.net'] })

describe.skipIf(!hasTools('clients') || !hasTools('radsecproxy'))('radsecproxy', () => {
  const ca = keep('ca.pem', serverKeys.ca)
  const peer = usePeer({
    radsec: {
      port: 0,
      certificate: keep('server.pem', serverKeys.certificate),
      key: keep('server-key.pem', serverKeys.key),
      ca,
    },
  })
  const folder = useFolder()
  let proxy: ChildProcess | undefined
  let port = 0
  const said: string[] = []

  beforeAll(async () => {
    port = await freeUdpPort(0)
    // The client's own address is elsewhere: over TLS its certificate alone makes it known.
    await knownBy({ radsecFingerprint: fingerprintOf(own) })
    const configuration = folder.file('radsecproxy.conf', configurationOf(port, peer.service.radsecPort!))
    const tools = needTools('radsecproxy')
    proxy = spawn(tools.file('usr/sbin/radsecproxy'), ['-f', '-d', '4', '-c', configuration], {
      env: { ...process.env, ...tools.env },
    })
    const listening = new Promise<void>((resolve) => {
      proxy!.stderr!.on('data', (chunk: Buffer) => {
        said.push(String(chunk))
        if (/listening for udp/i.test(said.join(''))) resolve()
      })
    })
    const ended = new Promise<void>((resolve) => proxy!.once('close', () => resolve()))
    await Promise.race([listening, ended])
    if (proxy.exitCode !== null) throw new Error(`radsecproxy ended: ${said.join('')}`)
  })
  afterAll(async () => {
    if (proxy !== undefined) await stopProcess(proxy)
    rmSync(files, { recursive: true })
  })

  async function knownBy(radsec: { radsecFingerprint?: string; radsecName?: string }): Promise<void> {
    await setClient(createKysely<Database>(peer.pool), { name: 'bng', ...radsec })
    await peer.service.refresh()
  }

  function configurationOf(udpPort: number, tlsPort: number): string {
    return `ListenUDP 127.0.0.1:${udpPort}
LogLevel 2
tls default {
  CACertificateFile ${ca}
  CertificateFile ${keep('proxy.pem', own.certificate)}
  CertificateKeyFile ${keep('proxy-key.pem', own.key)}
}
client radclient {
  host 127.0.0.1
  type udp
  secret ${secret}
}
server gatehouse {
  host 127.0.0.1
  port ${tlsPort}
  type tls
  secret radsec
  statusserver on
  CertificateNameCheck off
}
realm * {
  server gatehouse
  accountingServer gatehouse
}
`
  }

  const ask = async (...lines: string[]): Promise<string> => {
    const signed = 'Message-Authenticator = 0x00'
    return (await radclient(port, 'auth', [signed, `User-Name = "${username}"`, ...lines])).output
  }

  it('brings a login through TLS, and what we give', async () => {
    const output = await ask(`User-Password = "${password}"`)
    expect(output, said.join('')).toContain('Received Access-Accept')
    expect(output).toContain('Framed-Pool = "pppoe"')
  })

  it('brings a wrong password and its reject', async () => {
    expect(await ask('User-Password = "wrong"')).toContain('Received Access-Reject')
  })

  it('brings accounting, which is in the books', async () => {
    const lines = [`User-Name = "${username}"`, 'Acct-Session-Id = "through-tls"', 'Acct-Status-Type = Start']
    expect((await radclient(port, 'acct', lines)).output).toContain('Received Accounting-Response')
    const { rows } = await peer.pool.query('select username from session where acct_session_id = $1', ['through-tls'])
    expect(rows).toEqual([{ username }])
  })

  it('is known by its name as well, and is cut off when nobody is known by either', async () => {
    await knownBy({ radsecFingerprint: '', radsecName: 'proxy.example.net' })
    expect(await ask(`User-Password = "${password}"`)).toContain('Received Access-Accept')
    await knownBy({ radsecName: '' })
    expect(await ask(`User-Password = "${password}"`)).not.toContain('Received Access')
  })
})
