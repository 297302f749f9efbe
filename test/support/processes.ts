// Processes as the kernel sees them, for tests that kill and freeze them. Linux only, by /proc.
import { readdirSync, readFileSync } from 'node:fs'

/** Every living process that this one started, directly or through others. */
export function descendants(pid: number): number[] {
  const children = Map.groupBy(everyProcess(), ({ parent }) => parent)
  const below = (of: number): number[] => (children.get(of) ?? []).flatMap((child) => [child.pid, ...below(child.pid)])
  return below(pid)
}

/** The arguments of a process as one text; empty where it is gone. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/** Whether it runs: a process that is dead and not yet buried does not. */
export function isAlive(pid: number): boolean {
  const stat = readStat(pid)
  return stat !== undefined && stat.state !== 'Z' && stat.state !== 'X'
}

/** Sends a signal to each; those that are gone meanwhile are passed over. How many were reached. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): number {
  let reached = 0
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
      reached += 1
    } catch {
      // It ended by itself.
    }
  }
  return reached
}

/** Resident memory in octets; 0 where the process is gone. */
export function residentOctets(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

type Stat = { pid: number; state: string; parent: number }

function everyProcess(): Stat[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : []))
}

// proc(5): pid (comm) state ppid; the name may hold blanks and parentheses itself.
function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { pid, state, parent: Number(parent) }
  } catch {
    return undefined
  }
}
