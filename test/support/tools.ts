// Programs that tests and benchmarks need beyond npm packages, by group: the system's own where it has them, else unpacked into a
// private folder by `npm test`. A group that is not to be had says in one line what to install; where CI is set that is an
// error, so that a green run has run everything.

import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { libraryEnvironment, packageFolder, PackagesMissingError, triplet, unpackPackages } from './debian-packages.ts'

type Group = { readonly packages: readonly string[]; readonly files: readonly string[] }

/** Packages of each group, and the files by which we see that the system has them. */
const groups = {
  clients: {
    packages: ['freeradius-utils', 'eapoltest', 'libpam-radius-auth', 'pamtester'],
    files: [
      'usr/bin/radclient',
      'usr/bin/eapol_test',
      'usr/bin/pamtester',
      `lib/${triplet}/security/pam_radius_auth.so`,
    ],
  },
  freeradius: {
    packages: ['freeradius', 'freeradius-postgresql'],
    files: ['usr/sbin/freeradius', 'usr/lib/freeradius/rlm_sql_postgresql.so', 'etc/freeradius/3.0/radiusd.conf'],
  },
  radsecproxy: { packages: ['radsecproxy'], files: ['usr/sbin/radsecproxy'] },
  chromium: { packages: ['chromium'], files: ['usr/lib/chromium/chromium'] },
  strace: { packages: ['strace'], files: ['usr/bin/strace'] },
  postgres: { packages: ['postgresql-15'], files: ['usr/lib/postgresql/15/bin/postgres'] },
} as const satisfies Record<string, Group>

export type GroupName = keyof typeof groups

/** A group that is here: `root` is the folder below which its files lie, `/` for the system's own. */
export type Tools = {
  root: string
  /** To be laid over the environment of its programs. */
  env: Record<string, string>
  /** The whole path of a file such as `usr/bin/radclient`. */
  file(name: string): string
}

/** The group where it is already here; asks no network. */
export function findTools(name: GroupName): Tools | undefined {
  const group: Group = groups[name]
  if (group.files.every((file) => fs.existsSync(path.join('/', file)))) return tools('/', {})
  const folder = packageFolder(group.packages)
  return fs.existsSync(folder) ? tools(folder, libraryEnvironment(folder)) : undefined
}

/** The group, fetched if it is not here. Throws PackagesMissingError with the line that says what to install. */
export async function provideTools(name: GroupName): Promise<Tools> {
  const found = findTools(name)
  if (found !== undefined) return found
  const { packages } = groups[name]
  try {
    const folder = await unpackPackages(packages)
    return tools(folder, libraryEnvironment(folder))
  } catch (cause) {
    if (!(cause instanceof PackagesMissingError)) throw cause
    throw new PackagesMissingError(`${whatToInstall(name)} (${cause.message})`, { cause })
  }
}

/** The sentence for somebody whose machine has not got a group. */
export function whatToInstall(name: GroupName): string {
  return `install ${groups[name].packages.join(', ')} (Debian package names) to run the tests that need them`
}

/** For `describe.skipIf(!hasTools('clients'))`: never false where CI is set, so that the tests fail there instead. */
export function hasTools(name: GroupName): boolean {
  return isInsistent() || findTools(name) !== undefined
}

/** The group, for a test that runs only where it is. */
export function needTools(name: GroupName): Tools {
  const found = findTools(name)
  if (found === undefined) throw new PackagesMissingError(whatToInstall(name))
  return found
}

/**
 * A folder with initdb and postgres of version 15. Those unpacked privately get a wrapper each: our launcher gives a server
 * a bare environment, in which it would not find its libraries. Throws PackagesMissingError.
 */
export async function postgresPrograms(): Promise<string> {
  const { root, env, file } = await provideTools('postgres')
  const programs = file('usr/lib/postgresql/15/bin')
  if (root === '/') return programs
  const wrappers = path.join(root, 'wrappers')
  fs.mkdirSync(wrappers, { recursive: true, mode: 0o755 })
  for (const name of ['initdb', 'postgres']) {
    const script = `#!/bin/sh\nLD_LIBRARY_PATH=${env.LD_LIBRARY_PATH} exec ${programs}/${name} "$@"\n`
    fs.writeFileSync(path.join(wrappers, name), script, { mode: 0o755 })
  }
  return wrappers
}

/** Whether a process may have its own view of /etc/pam.d here: as root, or by a namespace of its own user. */
export function hasMountNamespace(): boolean {
  if (isInsistent()) return true
  try {
    execFileSync('unshare', [...namespaceArguments(), 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Arguments of `unshare` for a mount namespace. */
export function namespaceArguments(): string[] {
  return process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user']
}

function tools(root: string, env: Record<string, string>): Tools {
  return { root, env, file: (name) => path.join(root, name) }
}

/** Whether a missing tool is a failure: in CI a green run has run everything. */
export function isInsistent(): boolean {
  return (process.env.CI ?? '') !== ''
}
