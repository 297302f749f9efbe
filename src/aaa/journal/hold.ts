// One process at a time in a journal's directory. Each says by a small file that it holds it, and looks for others afterwards: of
// two that come at once at least one sees the other, so never both go on. A file is believed only while its process lives.

import * as fs from 'node:fs'
import * as path from 'node:path'
import { JournalHeldError } from './errors.ts'

const prefix = 'held-by-'
let count = 0

/** Holds the directory; returns the function that lets it go. Throws JournalHeldError when a process that lives holds it. */
export function holdDirectory(directory: string): () => void {
  count += 1
  const own = `${prefix}${process.pid}-${startOf(process.pid)}-${count}`
  const file = path.join(directory, own)
  fs.writeFileSync(file, '', { mode: 0o600, flag: 'wx' })
  const release = (): void => fs.rmSync(file, { force: true })
  for (const name of fs.readdirSync(directory)) {
    if (name === own || !name.startsWith(prefix)) continue
    const [pid = '', start = ''] = name.slice(prefix.length).split('-')
    if (startOf(Number(pid)) === start && start !== '') {
      release()
      throw new JournalHeldError(`the journal in ${directory} is held by process ${pid}`)
    }
    fs.rmSync(path.join(directory, name), { force: true })
  }
  return release
}

/**
 * What tells a process from a later one with the same pid: the boot and its start (clock ticks since then); '' for a dead or
 * half-dead (zombie) one. Without /proc: only whether it lives.
 */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    // proc(5): the name in brackets may hold anything, so fields are counted from the last one; state is 3, starttime 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
    return fields[0] === 'Z' ? '' : `${boot}.${fields[19]}`
  } catch {
    if (process.platform === 'linux') return ''
  }
  try {
    process.kill(pid, 0)
    return 'alive'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'alive' : ''
  }
}
