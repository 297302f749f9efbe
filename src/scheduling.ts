// Who goes first where every core is busy: RADIUS before all, background work behind all. Where the system allows it; elsewhere
// everybody goes as everybody.

import { readFile, writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const refusals: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ESRCH'])
/** Who is not root may change groups ten times a second, all of them together. */
const tries = 20
const pauseMs = 150

/**
 * Gives a process (0: this one) a niceness of -20, first of all, to 19. Linux shares a core among the sessions of processes and only
 * inside each by niceness (autogroup, sched(7)); every backend of Postgres is a session of its own, and so is each child of the
 * supervisor: the niceness of a process alone would change nothing. To go before others takes a right that root has, or LimitNICE=
 * of systemd gives.
 */
export async function beNice(pid: number, nice: number): Promise<void> {
  try {
    setPriority(pid, nice)
    await setGroupNice(pid === 0 ? 'self' : String(pid), nice)
  } catch (error) {
    const { code, info } = error as NodeJS.ErrnoException & { info?: { code: string } }
    if (!refusals.has(info?.code ?? code)) throw error
  }
}

async function setGroupNice(pid: string, nice: number): Promise<void> {
  for (let left = tries; ; left -= 1)
    try {
      return await writeFile(`/proc/${pid}/autogroup`, String(nice))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || left === 0) throw error
      await sleep(pauseMs)
    }
}

/**
 * Whether a process of this machine is the Postgres backend at the other end of a connection: the title of a backend names whom it
 * serves. A number alone may be that of a process on another machine.
 */
export async function isBackendOf(pid: number, localPort: number | undefined): Promise<boolean> {
  const title = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return title.startsWith('postgres: ') && title.includes(localPort === undefined ? '[local]' : `(${localPort})`)
}
