// Who uses the server of a cluster: one small file per process, believed only while that process lives. The last one to
// leave stops the server, whoever started it: so a command beside `serve` never stops it under its feet, and a server left
// behind by a kill -9 is stopped by the next one who used it.

import * as fs from 'node:fs'
import * as path from 'node:path'
import { errorCode } from '../errors.ts'

let count = 0

/** Says that this process uses the server. Returns the function that takes it back. */
export function holdServer(root: string): () => void {
  count += 1
  const file = path.join(root, 'holders', `${process.pid}-${startOf(process.pid)}-${count}`)
  fs.writeFileSync(file, '', { mode: 0o600 })
  return () => fs.rmSync(file, { force: true })
}

/** How many live holders there are; files of dead processes are removed. */
export function countHolders(root: string): number {
  const folder = path.join(root, 'holders')
  let living = 0
  for (const name of fs.readdirSync(folder)) {
    const [pid, start] = name.split('-')
    if (startOf(Number(pid)) === start) living += 1
    else fs.rmSync(path.join(folder, name), { force: true })
  }
  return living
}

/**
 * When a process began (clock ticks since boot), so that a reused pid is not mistaken for its predecessor; '' for a dead or
 * half-dead (zombie) one. Without /proc: only whether it lives.
 */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in brackets may hold anything: fields are counted from the last bracket. proc(5): state is 3, starttime 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? '' : (fields[19] ?? '')
  } catch {
    if (process.platform === 'linux') return ''
  }
  return processExists(pid) ? 'alive' : ''
}

/** Whether a process has this pid, be it a zombie or somebody else's. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}
