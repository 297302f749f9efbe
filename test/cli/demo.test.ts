// The demonstration whole, as a newcomer starts it: its own Postgres, the service, the NASes, and nothing left at the end.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { createRadiusClient } from '../../src/radius/client.ts'
import { codes } from '../../src/radius/codes.ts'
import { dictionary } from '../support/dictionary.ts'
import { programEnvironment } from '../support/program-environment.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const directory = fs.mkdtempSync(join(tmpdir(), 'gatehouse-demo-'))
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }))

type Line = {
  online: number
  open: number
  answered: number
  differences: number
  radclient: string
  login: { username: string; password: string }
  url: string
  operator: { email: string; password: string }
}

function start(): ChildProcess {
  const env = { ...programEnvironment, GATEHOUSE_DATA_DIR: directory }
  return spawn(process.execPath, [main, 'demo', '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Process ids whose command line or environment names our folder, or whose parent is `parent`. */
function processesOf(parent: number): string[] {
  return fs.readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false
    try {
      const environment = fs.readFileSync(`/proc/${name}/environ`, 'utf8')
      const status = fs.readFileSync(`/proc/${name}/status`, 'utf8')
      return environment.includes(directory) || status.includes(`PPid:\t${parent}\n`)
    } catch {
      return false
    }
  })
}

// The very line that is printed, sent by our own client: address, port, secret and attributes come from its text.
async function sendPrintedLine(line: Line): Promise<number | undefined> {
  const printed =
    /^echo 'User-Name=(\S+?),User-Password=(\S+?),Message-Authenticator=0x00' \| radclient -x ([\d.]+):(\d+) auth (\S+)$/
  const [, username = '', password = '', address = '', port, secret = ''] = printed.exec(line.radclient) ?? []
  const key = createSecret(secret)
  const client = createRadiusClient({ localAddress: '127.0.0.1', now: () => performance.now() })
  const attributes = [
    { name: 'User-Name', value: username },
    { name: 'User-Password', value: password },
  ]
  const outcome = await client.exchange({
    address,
    port: Number(port),
    secret: key,
    code: codes.accessRequest,
    attributes: (authenticator) => encodeAttributes(dictionary, attributes, { secret: key, authenticator }),
    timeoutMs: 1_000,
    tries: 3,
  })
  client.close()
  return outcome.kind === 'reply' ? outcome.packet.code : undefined
}

describe('gatehouse demo', () => {
  it('brings subscribers online with 0 differences, accepts the printed login, and leaves no process behind', async () => {
    const demo = start()
    const ended = once(demo, 'exit')
    const lines: Line[] = []
    for await (const text of createInterface({ input: demo.stdout! })) {
      const line = JSON.parse(text) as Line
      lines.push(line)
      if (line.online > 190 && lines.length >= 2) break
    }
    const last = lines.at(-1)!
    expect(lines.map(({ differences }) => differences)).toEqual(lines.map(() => 0))
    expect(last.open).toBe(last.online)
    expect(await sendPrintedLine(last)).toBe(codes.accessAccept)
    expect(last.radclient).toContain(`${last.login.username},User-Password=${last.login.password}`)
    const signIn = await fetch(`${last.url}/api/v1/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-gatehouse': '1' },
      body: JSON.stringify(last.operator),
    })
    expect(await signIn.json()).toMatchObject({ state: 'full' })
    expect(processesOf(demo.pid!).length).toBeGreaterThan(2)

    demo.kill('SIGINT')
    expect(await ended).toEqual([0, null])
    expect(processesOf(demo.pid!)).toEqual([])
  }, 60_000)
})
