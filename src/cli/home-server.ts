// `gatehouse home-server`: RADIUS servers of others, to which requests are forwarded.

import type { Command } from 'commander'
import { FieldError } from '../domain/field.ts'
import { addHomeServer, listHomeServers, removeHomeServer } from '../domain/home-server.ts'
import type { HomeServerSummary } from '../domain/home-server.ts'
import { withConfiguredDatabase } from './database.ts'
import { printJson, printLine, printTable, printWarning } from './output.ts'
import { readSecret } from './secret-input.ts'

type AddOptions = {
  pool: string
  name: string
  address: string
  authPort?: string
  acctPort?: string
  priority?: string
  timeoutMs?: string
  tries?: string
  messageAuthenticator?: string
  secretStdin?: true
  allowWeakSecret?: true
  json?: true
}

/** Adds the commands of this noun. */
export function addHomeServerCommands(program: Command): void {
  const server = program.command('home-server').description('RADIUS servers of others, to which requests are forwarded')
  server
    .command('add')
    .description('add a home server; its pool is made when it is first named')
    .requiredOption('--pool <pool>')
    .requiredOption('--name <name>')
    .requiredOption('--address <address>')
    .option('--auth-port <port>', 'where Access-Requests go (1812)')
    .option('--acct-port <port>', 'where Accounting-Requests go (1813)')
    .option('--priority <number>', 'the lower is asked first (0)')
    .option('--timeout-ms <milliseconds>', 'how long one try waits (1000)')
    .option('--tries <number>', 'after how many it is taken for dead (2)')
    .option('--message-authenticator <policy>', 'require, auto or off: whether its answers must be signed (auto)')
    .option('--secret-stdin', 'read the secret from standard input, the only way to give it')
    .option('--allow-weak-secret', 'take a secret that is short or well known')
    .option('--json')
    .action(add)
  server.command('list').description('all home servers, pool by pool').option('--json').action(list)
  server.command('remove').description('forget a home server').argument('<name>').action(remove)
}

async function add(options: AddOptions): Promise<void> {
  const { json, secretStdin, ...input } = options
  // Both sides must have it: one made up here would be of no use to the other.
  if (secretStdin !== true) throw new FieldError('secret', 'comes from standard input: add --secret-stdin')
  const secret = await readSecret('secret')
  const { id, warning } = await withConfiguredDatabase(async ({ db, keyring, now }) =>
    addHomeServer(db, await keyring(), { ...input, secret }, now),
  )
  printWarning(warning)
  if (options.messageAuthenticator === 'off') {
    printWarning('without Message-Authenticator answers of this server can be forged (Blast-RADIUS)')
  }
  if (json) printJson({ id, name: input.name, pool: input.pool, ...(warning === undefined ? {} : { warning }) })
  else printLine(`home server ${input.name} added to pool ${input.pool}`)
}

async function list({ json }: { json?: true }): Promise<void> {
  const servers = await withConfiguredDatabase(({ db }) => listHomeServers(db))
  if (json) {
    printJson(servers)
    return
  }
  printTable(
    ['POOL', 'NAME', 'PRIORITY', 'ADDRESS', 'PORTS', 'TRIES', 'MESSAGE-AUTHENTICATOR'],
    servers.map((server) => [
      server.pool,
      server.name,
      server.priority,
      server.address,
      `${server.authPort}/${server.acctPort}`,
      `${server.tries} x ${server.timeoutMs} ms`,
      policyText(server),
    ]),
    'there are no home servers; add one with: home-server add --pool P --name N --address A --secret-stdin',
  )
}

function policyText(server: HomeServerSummary): string {
  if (server.messageAuthenticator === 'off') return 'off (danger: forged answers are possible)'
  const latched = server.messageAuthenticator === 'auto' && server.messageAuthenticatorSeenAt !== null
  return latched ? 'auto (required since seen)' : server.messageAuthenticator
}

async function remove(name: string): Promise<void> {
  await withConfiguredDatabase(({ db }) => removeHomeServer(db, name))
  printLine(`home server ${name} removed`)
}
