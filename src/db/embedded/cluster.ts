// The files of one embedded cluster, all inside the data directory:
//   postgres/cluster/         what initdb made; belongs to the unprivileged user when we are root
//   postgres/connection.json  role, password and usual port, mode 0600, ours
//   postgres/server.log       what the server wrote to stderr
//   postgres/holders/         one file per process that uses the server

// Everything is made in a folder of another name and put in place by one rename: of two starters one wins, and a kill in
// the middle leaves nothing that looks like a cluster.

import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { z } from 'zod'
import { majorVersion, openToAll, reachableBinaries } from './binaries.ts'
import { processExists } from './holders.ts'

/** The cluster cannot be made or used by this process; the message says why. */
export class ClusterError extends Error {
  override name = 'ClusterError'
}

export type Cluster = {
  /** The folder of the files listed above. */
  root: string
  /** Folder of the programs, reachable by the server's user. */
  bin: string
  /** The user of the server when we are root. */
  owner: { uid: number; gid: number } | undefined
  /** The argument of -D, and the working directory it may depend on. */
  dataArgument: string
  workingDirectory: string
  /** In the command line of the server and of its children: by it a process is known as one of this cluster. */
  name: string
}

const connectionFile = z.object({ user: z.string(), password: z.string(), port: z.int().optional() })

export type Connection = z.infer<typeof connectionFile>

const userName = 'gatehouse'

/** Opens the cluster of a data directory, made first if there is none. Throws ClusterError. */
export function openCluster(options: { dataDirectory: string; bin: string; durable: boolean }): Cluster {
  fs.mkdirSync(options.dataDirectory, { recursive: true, mode: 0o700 })
  const dataDirectory = fs.realpathSync(options.dataDirectory)
  removeAbandoned(dataDirectory)
  const root = path.join(dataDirectory, 'postgres')
  if (!fs.existsSync(root)) createCluster(root, options)
  return describeCluster(root, options.bin)
}

/** The folder of the cluster of a data directory, if there is one. */
export function clusterRoot(dataDirectory: string): string | undefined {
  const root = path.join(dataDirectory, 'postgres')
  return fs.existsSync(root) ? fs.realpathSync(root) : undefined
}

/** The name under which the processes of a cluster are known. One path, one name. */
export function clusterName(root: string): string {
  return `gatehouse_${createHash('sha256').update(root).digest('hex').slice(0, 16)}`
}

/** Reads role, password and usual port. Throws ClusterError when the files belong to somebody else. */
export function readConnection(root: string): Connection {
  try {
    return connectionFile.parse(JSON.parse(fs.readFileSync(path.join(root, 'connection.json'), 'utf8')))
  } catch (cause) {
    throw new ClusterError(`cannot read ${root}/connection.json: is the data directory that of another user?`, {
      cause,
    })
  }
}

/** Writes role, password and usual port, in one step. */
export function writeConnection(root: string, connection: Connection): void {
  const fresh = path.join(root, `connection.${process.pid}.new`)
  fs.writeFileSync(fresh, JSON.stringify(connection), { mode: 0o600 })
  fs.renameSync(fresh, path.join(root, 'connection.json'))
}

function describeCluster(root: string, bin: string): Cluster {
  const data = path.join(root, 'cluster')
  const version = fs.readFileSync(path.join(data, 'PG_VERSION'), 'utf8').trim()
  const { uid, gid } = fs.statSync(data)
  const name = clusterName(root)
  const asRoot = process.getuid?.() === 0
  if (!asRoot && uid !== process.getuid?.()) {
    throw new ClusterError(`the files in ${data} belong to the user with id ${uid}: start as root or as that user`)
  }
  const reachable = asRoot ? reachableBinaries(bin) : bin
  const major = majorVersion(reachable)
  if (String(major) !== version) {
    throw new ClusterError(`${data} was made by Postgres ${version}, this release brings ${major}: dump and restore it`)
  }
  const owner = asRoot ? { uid, gid } : undefined
  return { root, bin: reachable, owner, name, ...dataPlace(data, asRoot) }
}

/**
 * Root starts the server as another user, who may be unable to enter the folders above its own. The server is then started
 * inside its folder and told `-D /proc/self/cwd`: that link leads to the folder itself and asks nobody above.
 */
function dataPlace(data: string, asRoot: boolean): { dataArgument: string; workingDirectory: string } {
  if (!asRoot || openToAll(path.dirname(data))) return { dataArgument: data, workingDirectory: '/' }
  if (process.platform === 'linux') return { dataArgument: '/proc/self/cwd', workingDirectory: data }
  throw new ClusterError(`other users cannot enter ${data}: set GATEHOUSE_DATA_DIR to a folder that they can`)
}

function createCluster(root: string, options: { bin: string; durable: boolean }): void {
  const fresh = fs.mkdtempSync(`${root}.new-${process.pid}-`)
  const data = path.join(fresh, 'cluster')
  fs.mkdirSync(data, { mode: 0o700 })
  fs.mkdirSync(path.join(fresh, 'holders'), { mode: 0o700 })
  const asRoot = process.getuid?.() === 0
  const owner = asRoot ? unprivilegedUser() : undefined
  if (owner !== undefined) {
    fs.chmodSync(fresh, 0o711)
    fs.chownSync(data, owner.uid, owner.gid)
  }
  const bin = asRoot ? reachableBinaries(options.bin) : options.bin
  const connection = { user: userName, password: randomBytes(24).toString('base64url') }
  initialise({ bin, owner, password: connection.password, durable: options.durable, ...dataPlace(data, asRoot) }, data)
  writeConnection(fresh, connection)
  try {
    fs.renameSync(fresh, root)
  } catch (error) {
    // Another starter was first: theirs is the cluster.
    fs.rmSync(fresh, { recursive: true, force: true })
    if (!fs.existsSync(root)) throw error
  }
}

type Initialise = Pick<Cluster, 'bin' | 'owner' | 'dataArgument' | 'workingDirectory'> & {
  password: string
  durable: boolean
}

function initialise(input: Initialise, data: string): void {
  // An open file and not an argument: every user may read the arguments of a process. By its number and not by its path:
  // the server's user may be unable to enter this folder.
  const passwordFile = path.join(path.dirname(data), 'password')
  fs.writeFileSync(passwordFile, input.password, { mode: 0o600, flag: 'wx' })
  if (input.owner !== undefined) fs.chownSync(passwordFile, input.owner.uid, input.owner.gid)
  const opened = fs.openSync(passwordFile, 'r')
  try {
    const builtin = majorVersion(input.bin) >= 17 ? ['--locale-provider=builtin'] : []
    const result = spawnSync(
      path.join(input.bin, 'initdb'),
      [
        `--pgdata=${input.dataArgument}`,
        `--username=${userName}`,
        '--pwfile=/dev/stdin',
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C.UTF-8',
        '--data-checksums',
        ...builtin,
        ...(input.durable ? [] : ['--no-sync']),
      ],
      {
        cwd: input.workingDirectory,
        env: serverEnvironment,
        stdio: [opened, 'pipe', 'pipe'],
        encoding: 'utf8',
        ...input.owner,
      },
    )
    if (result.status !== 0) throw new ClusterError(`initdb failed: ${result.error?.message ?? result.stderr.trim()}`)
  } finally {
    fs.closeSync(opened)
    fs.rmSync(passwordFile, { force: true })
  }
}

/** Nothing of our own environment reaches the server: it may hold secrets, and PG* variables would change what it does. */
export const serverEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' }

/** Postgres refuses to run as root. An account that owns nothing else is best; initdb wants one that has a name. */
function unprivilegedUser(): { uid: number; gid: number } {
  const accounts = fs.readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const wanted of ['postgres', 'nobody']) {
    const fields = accounts.find((line) => line.startsWith(`${wanted}:`))?.split(':')
    const uid = Number(fields?.[2])
    if (Number.isInteger(uid) && uid > 0) return { uid, gid: Number(fields?.[3]) }
  }
  throw new ClusterError(
    'Postgres does not run as root, and there is neither a user "postgres" nor "nobody" to run it as',
  )
}

function removeAbandoned(dataDirectory: string): void {
  for (const name of fs.readdirSync(dataDirectory)) {
    const pid = Number(/^postgres\.new-(\d+)-/.exec(name)?.[1])
    if (Number.isNaN(pid) || processExists(pid)) continue
    fs.rmSync(path.join(dataDirectory, name), { recursive: true, force: true })
  }
}
