// Small disks in memory, for faults of full ones: mounted as root, filled and freed while something runs on them.
import { execFileSync } from 'node:child_process'
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isInsistent } from './tools.ts'

export type SmallDisk = {
  readonly directory: string
  /** Takes all that is free but for so many octets. */
  fill(leave?: number): void
  /** Gives back what `fill` took. */
  free(): void
  remove(): void
}

/** Whether disks may be mounted here; never false where CI is set. */
export function canMount(): boolean {
  if (isInsistent()) return true
  if (process.getuid?.() !== 0) return false
  try {
    mountDisk(1).remove()
    return true
  } catch {
    return false
  }
}

/** Mounts an empty disk of so many MiB. */
export function mountDisk(mebibytes: number): SmallDisk {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-disk-'))
  // Open to the user that Postgres runs as.
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0711`, 'gatehouse-test', directory])
  const filler = join(directory, 'filler')
  return {
    directory,
    fill(leave = 0) {
      const file = openSync(filler, 'a')
      try {
        for (const block of [1 << 20, 1 << 12]) {
          const octets = Buffer.alloc(block)
          try {
            while (freeOctets(directory) > leave + block) writeSync(file, octets)
            if (leave === 0) for (;;) writeSync(file, octets)
          } catch {
            // ENOSPC is what is wanted.
          }
        }
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
    },
    free: () => rmSync(filler, { force: true }),
    remove() {
      execFileSync('umount', ['--lazy', directory])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function freeOctets(directory: string): number {
  const [, line = ''] = execFileSync('df', ['--output=avail', '-B1', directory], { encoding: 'utf8' }).split('\n')
  return Number(line)
}
