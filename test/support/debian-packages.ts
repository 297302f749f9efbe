// Debian packages unpacked into a private folder: nothing is installed, no service starts (a stray FreeRADIUS would take port
// 1812), and no right of root is needed. apt resolves and fetches with its own keys, but keeps lists and archives with us.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The packages cannot be had here: no apt, no network, or a name that the lists do not hold. */
export class PackagesMissingError extends Error {
  override name = 'PackagesMissingError'
}

/** `amd64` of Debian in the words of its library folders: /usr/lib/<triplet>. */
export const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'

/** Where a set of packages lies when it is unpacked; the name changes with the packages and the release of the system. */
export function packageFolder(packages: readonly string[]): string {
  const key = createHash('sha256')
    .update(JSON.stringify([packages, triplet, systemRelease()]))
    .digest('hex')
  return path.join(cacheFolder(), `${packages[0]}-${key.slice(0, 12)}`)
}

/**
 * Fetches the packages and what they need beyond the installed ones, and unpacks all of it. Returns the folder, at once where
 * it is there already. Safe against two at once. Throws PackagesMissingError.
 */
export async function unpackPackages(packages: readonly string[]): Promise<string> {
  const folder = packageFolder(packages)
  if (fs.existsSync(folder)) return folder
  fs.mkdirSync(cacheFolder(), { recursive: true, mode: 0o755 })
  const fresh = fs.mkdtempSync(`${folder}.new-`)
  try {
    // Postgres runs from here as another user.
    fs.chmodSync(fresh, 0o755)
    const archives = await fetchArchives(packages, path.join(fresh, 'apt'))
    for (const archive of archives) await run('dpkg-deb', ['--extract', archive, fresh])
    fs.chmodSync(fresh, 0o755)
    fs.rmSync(path.join(fresh, 'apt'), { recursive: true })
    fs.renameSync(fresh, folder)
  } catch (cause) {
    // Somebody else was first.
    if (fs.existsSync(folder)) return folder
    throw new PackagesMissingError(`cannot unpack ${packages.join(' ')}: ${reasonOf(cause)}`, { cause })
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true })
  }
  return folder
}

/** The environment in which programs of an unpacked folder find their libraries. */
export function libraryEnvironment(folder: string): Record<string, string> {
  const libraries = [
    `usr/lib/${triplet}`,
    `lib/${triplet}`,
    'usr/lib/freeradius',
    'usr/lib/chromium',
    `usr/lib/${triplet}/pulseaudio`,
  ]
  return { LD_LIBRARY_PATH: libraries.map((name) => path.join(folder, name)).join(':') }
}

async function fetchArchives(packages: readonly string[], state: string): Promise<string[]> {
  const archives = path.join(state, 'cache', 'archives')
  fs.mkdirSync(path.join(state, 'lists', 'partial'), { recursive: true })
  fs.mkdirSync(path.join(archives, 'partial'), { recursive: true })
  const options = [
    ['Dir::State::lists', path.join(state, 'lists')],
    ['Dir::Cache', path.join(state, 'cache')],
    // The folders are ours: apt's own user need not reach them, and nobody else writes there.
    ['APT::Sandbox::User', ''],
    ['Debug::NoLocking', 'true'],
    ['Acquire::Retries', '3'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`])
  await run('apt-get', ['-qq', ...options, 'update'])
  const wanted = ['install', '--download-only', '--yes', '--reinstall', '--no-install-recommends', ...packages]
  await run('apt-get', ['-qq', ...options, ...wanted])
  const files = fs.readdirSync(archives).filter((name) => name.endsWith('.deb'))
  return files.map((name) => path.join(archives, name))
}

/** Root's folder must be open to the user that Postgres runs as; anybody else has one of their own. */
function cacheFolder(): string {
  const base =
    process.getuid?.() === 0 ? '/var/cache' : (process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'))
  return path.join(base, 'gatehouse-tests')
}

function systemRelease(): string {
  return fs.existsSync('/etc/debian_version') ? fs.readFileSync('/etc/debian_version', 'utf8').trim() : os.release()
}

function reasonOf(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
  const text = said || (error instanceof Error ? error.message : String(error))
  return text.split('\n').slice(0, 3).join('; ')
}
