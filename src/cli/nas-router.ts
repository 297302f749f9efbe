// `gatehouse nas router`: how the router behind a NAS is reached, for what CoA cannot tell or do.

import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { ownAuthor } from '../domain/author.ts'
import { FieldError, withoutUndefined } from '../domain/field.ts'
import { removeRouter, setRouter, showRouter } from '../domain/nas-router.ts'
import type { RouterShown } from '../domain/nas-router.ts'
import { withConfiguredDatabase } from './database.ts'
import { printFacts, printJson, printLine, printWarning } from './output.ts'
import { readSecret } from './secret-input.ts'

type Options = {
  rest?: true
  api?: true
  host?: string
  port?: string
  user?: string
  passwordStdin?: true
  pin?: string
  ca?: string
  serverName?: string
  timeoutMs?: string
  remove?: true
  json?: true
}

/** Adds it to the commands of the noun `nas`. */
export function addNasRouterCommand(nas: Command): void {
  nas
    .command('router')
    .description('how the router of a device is reached; with --rest or --api sets it anew, else shows it')
    .argument('<name>')
    .option('--rest', 'by REST (RouterOS 7.1 and later, www-ssl)')
    .option('--api', 'by the API protocol (any RouterOS; over TLS with a pin or a CA)')
    .option('--host <host>', 'address or name, if not where the NAS is')
    .option('--port <port>', 'default: 443, 8729, without TLS 8728')
    .option('--user <name>', 'the account on the router')
    .option('--password-stdin', 'read its password from standard input, the only way to give it')
    .option('--pin <fingerprint>', "SHA-256 of the router's certificate in hex, with or without colons")
    .option('--ca <file>', 'PEM of the CA that signed it instead')
    .option('--server-name <name>', 'the name in that certificate, if not the host')
    .option('--timeout-ms <milliseconds>', 'for one command (10000)')
    .option('--remove', 'forget it')
    .option('--json')
    .action(router)
}

async function router(name: string, options: Options): Promise<void> {
  const backend = backendOf(options)
  if (options.remove) return remove(name, options)
  if (backend !== undefined) return set(name, backend, options)
  const { json, ...changes } = options
  if (Object.keys(changes).length > 0) throw new FieldError('backend', 'add --rest or --api: all of it is set at once')
  const shown = await withConfiguredDatabase(({ db }) => showRouter(db, name))
  print(shown, json)
}

function backendOf({ rest, api }: Options): 'rest' | 'api' | undefined {
  if (rest && api) throw new FieldError('backend', '--rest and --api exclude each other')
  if (rest) return 'rest'
  return api ? 'api' : undefined
}

async function set(name: string, backend: 'rest' | 'api', options: Options): Promise<void> {
  const { user, passwordStdin, ca, host, port, pin, serverName, timeoutMs, json } = options
  if (user === undefined) throw new FieldError('user-name', 'is needed: add --user')
  const password = passwordStdin ? await readSecret('password') : undefined
  const given = withoutUndefined({ host, port, pin, serverName, timeoutMs, password, ca: readCa(ca) })
  const shown = await withConfiguredDatabase(async ({ db, keyring, now }) =>
    setRouter(
      db,
      { name, backend, userName: user, ...given },
      ownAuthor('command-line', 'nas router', await keyring()),
      now,
    ),
  )
  print(shown, json)
}

function readCa(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new FieldError('ca', `${file} cannot be read`)
  }
}

async function remove(name: string, { json }: Options): Promise<void> {
  await withConfiguredDatabase(async ({ db, keyring, now }) =>
    removeRouter(db, name, ownAuthor('command-line', 'nas router', await keyring()), now),
  )
  if (json) printJson({ name, removed: true })
  else printLine(`access to the router of NAS ${name} removed`)
}

function print(shown: RouterShown, json: true | undefined): void {
  printWarning(shown.warning ?? undefined)
  if (json) {
    printJson(shown)
    return
  }
  printFacts([
    ['NAS', shown.name],
    ['by', shown.backend === 'rest' ? 'REST' : 'API'],
    ['host', shown.host ?? 'where the NAS is'],
    ['port', shown.port],
    ['TLS', shown.tls],
    ['account', shown.userName],
    ['pin', shown.pin],
    ['CA', shown.ca === null ? null : `yes, for ${shown.serverName ?? shown.host ?? 'its address'}`],
    ['timeout', `${shown.timeoutMs} ms`],
    ['changed', shown.updatedAt],
  ])
}
