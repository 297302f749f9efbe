// Instances stopped and started one after the other, as for an upgrade, while subscribers log in; and the release before this one,
// taken out of the history of the repository where there is one.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tryLogins } from './fault-world.ts'
import type { TwoInstances } from './two-instances.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

export type RollFigures = {
  /** Right logins, and how many of them were not let in. */
  logins: number
  failed: number
  /** Of each stop: the exit code, and milliseconds. */
  stops: { code: number | null; ms: number }[]
}

/** Both in turn: stopped by SIGTERM, `between` them something happens to its program, started anew. Logins go on all the time. */
export async function rollOver(
  two: TwoInstances,
  between: (name: 'a' | 'b') => void = () => undefined,
  guests = 40,
): Promise<RollFigures> {
  const figures: RollFigures = { logins: 0, failed: 0, stops: [] }
  const over = new AbortController()
  const logins = (async () => {
    while (!over.signal.aborted) {
      const { right, wrong } = await tryLogins({ door: two.doors.both }, { perSecond: 20, seconds: 1, guests })
      figures.logins += right.online + right.timeout + right.rejected
      figures.failed += right.timeout + right.rejected + wrong.online
    }
  })()
  const end = two.fleet.load({ pauseMs: 20, churn: 0.1 })
  try {
    for (const name of ['a', 'b'] as const) {
      figures.stops.push(await two[name].stop())
      between(name)
      await two[name].start()
    }
  } finally {
    over.abort()
    await logins
    await end()
  }
  return figures
}

export type Releases = {
  /** What to start for an instance: it follows `use`. */
  mainOf(name: 'a' | 'b'): string
  use(name: 'a' | 'b', which: 'this' | 'former'): void
  /** The commit of the former one; undefined: there is no history here, and this release stands for it. */
  readonly former: string | undefined
  close(): void
}

/** This release and the one before it: the last commit that lacks migrations which this tree has, and whose programs load. */
export function openReleases(): Releases {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-releases-'))
  const before = join(folder, 'former')
  const former = findOlder().find((commit) => unpack(commit, before))
  const tree = former === undefined ? root : before
  const use: Releases['use'] = (name, which) => {
    rmSync(join(folder, name), { force: true })
    symlinkSync(which === 'this' ? root : tree, join(folder, name))
  }
  use('a', 'this')
  use('b', 'this')
  return {
    mainOf: (name) => join(folder, name, 'src', 'main.ts'),
    use,
    former,
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function git(...args: string[]): string {
  return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}

/** Commits that lack migrations of this tree, the newest first. */
function findOlder(): string[] {
  try {
    const here = readdirSync(join(root, 'migrations')).join(' ')
    const migrationsOf = (commit: string) => git('ls-tree', '--name-only', `${commit}:migrations`).split('\n').join(' ')
    return git('log', '-80', '--format=%H')
      .split('\n')
      .filter((commit) => migrationsOf(commit) !== here)
  } catch {
    // No git, or no history: a copy of the files.
    return []
  }
}

/** Whether there is a whole program: a commit in the middle of a change may lack what another one brought. */
function unpack(commit: string, to: string): boolean {
  rmSync(to, { recursive: true, force: true })
  mkdirSync(to)
  const archive = execFileSync('git', ['-C', root, 'archive', commit], { maxBuffer: 256 * 1024 * 1024 })
  execFileSync('tar', ['-x', '-C', to], { input: archive })
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'))
  const parts = ['supervisor.ts', 'aaa/radius-service.ts', 'http/app.ts', 'jobs/list.ts', 'jobs/workers.ts']
  const load = parts.map((part) => `await import(${JSON.stringify(join(to, 'src', part))})`).join('\n')
  const how = ['--input-type=module', '--eval', `${load}\nprocess.exit(0)`]
  return spawnSync(process.execPath, how, { stdio: 'ignore' }).status === 0
}
