// A flood of datagrams in a process of its own: in C (flood.c) where the machine has a compiler, else in Node, which sends
// fewer. Loopback only.

import { execFileSync, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export type Flooded = { sent: number; seconds: number; sources: number }

/** Sends to a port of 127.0.0.1 from many other addresses of 127/8 and says what was sent. Throws when it cannot. */
export async function flood(to: {
  port: number
  perSecond: number
  seconds: number
  sources: number
}): Promise<Flooded> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-flood-'))
  try {
    const [command, ...given] = sender(folder)
    const child = spawn(command!, [...given, to.port, to.perSecond, to.seconds, to.sources].map(String), {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return JSON.parse(await text(child.stdout)) as Flooded
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function sender(folder: string): string[] {
  const program = path.join(folder, 'flood')
  try {
    execFileSync('cc', ['-O2', '-o', program, fileURLToPath(new URL('./flood.c', import.meta.url))], { stdio: 'pipe' })
    return [program]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return [process.execPath, fileURLToPath(new URL('./flood-sender.ts', import.meta.url))]
  }
}
