// `gatehouse subscriber`: adding, showing, blocking and importing the paying lines.

import { open } from 'node:fs/promises'
import type { Command } from 'commander'
import { ownAuthor } from '../domain/author.ts'
import type { Author } from '../domain/author.ts'
import { credentialKinds, setPassword } from '../domain/credential.ts'
import type { CredentialKind, PasswordResult } from '../domain/credential.ts'
import type { Keyring } from '../domain/data-key.ts'
import { checkChoice, FieldError } from '../domain/field.ts'
import { importSubscribers } from '../domain/import/import.ts'
import type { ImportResult } from '../domain/import/import.ts'
import { formatMoney } from '../domain/money.ts'
import { addSubscriber } from '../domain/subscriber.ts'
import type { NewSubscriber } from '../domain/subscriber.ts'
import { block as blockAction, unblock as unblockAction } from '../domain/subscriber-action/block.ts'
import { takeByUsername } from '../domain/subscriber-action/by-username.ts'
import { showSubscriber } from '../domain/subscriber-profile.ts'
import type { SubscriberProfile } from '../domain/subscriber-profile.ts'
import { createAttributeCheck } from './attribute-check.ts'
import { withConfiguredDatabase } from './database.ts'
import { printFacts, printJson, printLine, printTable, printWarning } from './output.ts'
import { CommandFailedError } from './run.ts'
import { readSecret } from './secret-input.ts'

type Json = { json?: true }
type PasswordOptions = Json & { credential?: string; passwordStdin?: true }
type AddOptions = PasswordOptions &
  Omit<NewSubscriber, 'credential' | 'password' | 'ntHash' | 'expiresAt' | 'boundInterface'> & {
    ntHashStdin?: true
    expires?: string
    interface?: string
  }

/** Adds the commands of this noun. */
export function addSubscriberCommands(program: Command): void {
  const subscriber = program.command('subscriber').description('the paying lines')
  addAddCommand(subscriber)
  subscriber
    .command('set-password')
    .description('set a password; it is made up and shown once unless it comes from standard input')
    .argument('<username>')
    .option('--credential <kind>', 'clear, nt-hash or verifier (as it was)')
    .option('--password-stdin', 'read the password from standard input')
    .option('--json')
    .action(setPasswordAction)
  subscriber.command('show').description('all about one').argument('<username>').option('--json').action(show)
  subscriber
    .command('block')
    .description('refuse service, and end the live sessions')
    .argument('<username>')
    .requiredOption('--reason <text>')
    .option('--json')
    .action(block)
  subscriber.command('unblock').description('lift a block').argument('<username>').option('--json').action(unblock)
  subscriber
    .command('import')
    .description('add many from a CSV file (- is standard input): all rows or none')
    .argument('<file>')
    .option('--json')
    .action(importFile)
}

function addAddCommand(subscriber: Command): void {
  subscriber
    .command('add')
    .description('add a subscriber; the password is made up and shown once unless it comes from standard input')
    .requiredOption('--username <username>')
    .requiredOption('--plan <name>')
    .option('--expires <time>', 'ISO 8601; without an offset in the zone of the ISP; a day alone means its end')
    .option('--account-type <type>', 'pppoe or ipoe (pppoe)')
    .option('--mac <mac>', 'bind to this MAC, or several by commas')
    .option('--static-ip <address>', 'an IPv4 or IPv6 address or an IPv6 prefix, or several by commas')
    .option('--circuit-id <id>', 'of the line, as text or 0x… (IPoE)')
    .option('--remote-id <id>', 'of the line, as text or 0x… (IPoE)')
    .option('--duid <id>', 'of the DHCPv6 client, as 0x… (IPoE)')
    .option('--interface <name>', 'bind to this interface, as the NAS names it')
    .option('--port <port>', 'bind to this port, such as 1/0/3')
    .option('--s-vlan <id>', 'bind to this outer VLAN')
    .option('--c-vlan <id>', 'bind to this inner or only VLAN')
    .option('--full-name <name>')
    .option('--phone <number>')
    .option('--email <address>')
    .option('--address <text>')
    .option('--owner <organisation>', 'a reseller (the ISP)')
    .option('--group <name>')
    .option('--credential <kind>', 'how the password is kept: clear (sealed), nt-hash or verifier (PAP only)')
    .option('--password-stdin', 'read the password from standard input')
    .option('--nt-hash-stdin', 'read an NT hash (32 hex digits) from standard input instead of a password')
    .option('--json')
    .action(add)
}

async function add(options: AddOptions): Promise<void> {
  const { json, credential, passwordStdin, ntHashStdin, expires, interface: boundInterface, ...input } = options
  if (passwordStdin && ntHashStdin) throw new FieldError('nt-hash-stdin', 'stands in place of --password-stdin')
  const subscriber: NewSubscriber = {
    ...input,
    expiresAt: expires,
    boundInterface,
    credential: kindOf(credential),
    ...(passwordStdin ? { password: await readSecret('password') } : {}),
    ...(ntHashStdin ? { ntHash: await readSecret('nt-hash') } : {}),
  }
  const added = await withConfiguredDatabase(async ({ db, keyring, now }) =>
    addSubscriber(db, subscriber, authorOf(await keyring()), now),
  )
  printWarning(added.warning)
  if (json) {
    printJson({ id: added.id, username: added.username, ...shownPassword(added.password), warning: added.warning })
    return
  }
  printLine(`subscriber ${added.username} added`)
  printPassword(added.password)
}

async function setPasswordAction(username: string, options: PasswordOptions): Promise<void> {
  const input = {
    username,
    kind: kindOf(options.credential),
    ...(options.passwordStdin ? { password: await readSecret('password') } : {}),
  }
  const result = await withConfiguredDatabase(async ({ db, keyring, now }) =>
    setPassword(db, input, authorOf(await keyring()), now),
  )
  printWarning(result.warning)
  if (options.json) {
    printJson({ username, ...shownPassword(result), warning: result.warning })
    return
  }
  printLine(`subscriber ${username} has a new password`)
  printPassword(result)
}

async function show(username: string, { json }: Json): Promise<void> {
  const profile = await withConfiguredDatabase(({ db, now }) => showSubscriber(db, username, now))
  if (json) printJson(presentSubscriber(profile))
  else printSubscriber(profile)
}

/** Money in major units beside its currency (decision 28). */
export function presentSubscriber(profile: SubscriberProfile) {
  const { balanceMinor, ...rest } = profile
  return { ...rest, balance: formatMoney(balanceMinor, profile.currency), online: profile.sessions.length > 0 }
}

function printSubscriber(profile: SubscriberProfile): void {
  printFacts([
    ['username', profile.username],
    ['state', profile.blockReason === null ? profile.label : `${profile.label} (${profile.blockReason})`],
    ['plan', profile.plan],
    ['expires', profile.expiresAt ?? openEnd(profile)],
    ['grace until', profile.graceUntil],
    ['account type', profile.accountType],
    ['credential', profile.credential ?? 'none'],
    ['name', profile.fullName],
    ['phone', profile.phone],
    ['e-mail', profile.email],
    ['address', profile.address],
    ['owner', profile.owner],
    ['group', profile.group],
    ['balance', `${formatMoney(profile.balanceMinor, profile.currency)} ${profile.currency}`],
    ['devices', profile.devices.map((device) => `${device.mac}${device.bound ? ' (bound)' : ''}`).join(', ')],
    ['bound to', boundText(profile.bound)],
    ['static', profile.addresses.map((address) => `${address.prefix} (${address.kind})`).join(', ')],
    ['created', profile.createdAt],
  ])
  printTable(
    ['SESSION', 'NAS', 'ADDRESS', 'MAC', 'SINCE', 'LAST SIGN'],
    profile.sessions.map((session) => [
      session.acctSessionId,
      session.nas,
      session.framedIp,
      session.mac,
      session.startedAt,
      session.updatedAt,
    ]),
    'no open session',
  )
}

/** What a line is bound to; empty where to nothing. */
function boundText({ circuitId, remoteId, duid, ...place }: SubscriberProfile['bound']): string {
  const { interface: name, port, sVlan, cVlan, nasGroup } = place
  const facts: [string, string | number | null][] = [
    ['circuit id', circuitId],
    ['remote id', remoteId],
    ['DUID', duid],
    ['interface', name],
    ['port', port],
    ['S-VLAN', sVlan],
    ['C-VLAN', cVlan],
    ['NAS group', nasGroup],
  ]
  return facts.flatMap(([label, value]) => (value === null ? [] : `${label} ${value}`)).join(', ')
}

/** What to say of a service that has no end yet, or none at all. */
export function openEnd({ activatedAt }: Pick<SubscriberProfile, 'activatedAt'>): string {
  return activatedAt === null ? 'the period begins at the first login' : 'never'
}

async function block(username: string, { reason, json }: Json & { reason: string }): Promise<void> {
  const outcome = await withConfiguredDatabase(async ({ db, keyring, now }) =>
    takeByUsername(db, blockAction, { username, params: { reason } }, authorOf(await keyring()), now),
  )
  const sessions = sessionsOf(outcome.detail)
  const wasBlocked = outcome.kind === 'unchanged' || outcome.detail?.['was_blocked'] === true
  if (json) {
    const wish = outcome.detail?.['wish'] ?? null
    printJson({ kind: wasBlocked ? 'already' : 'blocked', username: outcome.username, wish, sessions })
    return
  }
  const again =
    outcome.kind === 'unchanged' ? 'was blocked already, for this reason' : 'was blocked already; the reason is new'
  printLine(`subscriber ${outcome.username} ${wasBlocked ? again : 'is blocked'}; ${ordersText(sessions)}`)
}

async function unblock(username: string, { json }: Json): Promise<void> {
  const outcome = await withConfiguredDatabase(async ({ db, keyring, now }) =>
    takeByUsername(db, unblockAction, { username, params: {} }, authorOf(await keyring()), now),
  )
  const sessions = sessionsOf(outcome.detail)
  const wasBlocked = outcome.kind === 'done'
  if (json) {
    printJson({ kind: wasBlocked ? 'unblocked' : 'was-not-blocked', username: outcome.username, sessions })
  } else if (wasBlocked) {
    printLine(`subscriber ${outcome.username} is no longer blocked; ${ordersText(sessions)}`)
  } else printLine(`subscriber ${outcome.username} was not blocked`)
}

function sessionsOf(detail: Readonly<Record<string, unknown>> | undefined): number {
  return Number(detail?.['sessions'] ?? 0)
}

/** Who sits at the server's own command line. */
function authorOf(keyring: Keyring): Author {
  return ownAuthor('command-line', 'command line', keyring)
}

function ordersText(sessions: number): string {
  if (sessions === 0) return 'no session is open'
  return sessions === 1
    ? 'one open session has an order to follow'
    : `${sessions} open sessions have an order to follow`
}

async function importFile(file: string, { json }: Json): Promise<void> {
  const source = file === '-' ? process.stdin : await openFile(file)
  const result = await withConfiguredDatabase(async ({ db, keyring, now }) =>
    importSubscribers(db, await keyring(), source, now, createAttributeCheck()),
  ).catch((error: unknown) => {
    throw fileError(file, error)
  })
  if (json) printJson(result)
  else printImport(result)
  if (result.kind === 'refused') throw new CommandFailedError(`nothing was imported: ${errorsText(result.errorCount)}`)
}

/** Opened before anything else is: a wrong name is told at once. */
async function openFile(file: string): Promise<AsyncIterable<Uint8Array>> {
  try {
    return (await open(file)).createReadStream()
  } catch (error) {
    throw fileError(file, error)
  }
}

function printImport(result: ImportResult): void {
  if (result.kind === 'imported') {
    printWarning(result.warning)
    printLine(`${result.subscribers} subscribers imported`)
    if (result.groupsMade.length > 0) printLine(`groups made: ${result.groupsMade.join(', ')}`)
    return
  }
  for (const { line, field, reason } of result.errors) process.stderr.write(`line ${line}, ${field}: ${reason}\n`)
  const more = result.errorCount - result.errors.length
  if (more > 0) process.stderr.write(`and ${more} more\n`)
}

function errorsText(count: number): string {
  return count === 1 ? 'one error' : `${count} errors`
}

/** What the system says of a file, as an error of the argument; any other error as it is. */
function fileError(file: string, error: unknown): unknown {
  const codes = ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EPERM']
  const code = error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : ''
  return codes.includes(code) ? new FieldError('file', `${file} cannot be read: ${code}`) : error
}

function kindOf(text: string | undefined): CredentialKind | undefined {
  return text === undefined ? undefined : checkChoice('credential', text, credentialKinds)
}

/** A password that was brought is known already and is not repeated. */
function shownPassword(result: PasswordResult | undefined) {
  return result?.made ? { password: result.password } : {}
}

function printPassword(result: PasswordResult | undefined): void {
  if (result?.made) printLine(`password: ${result.password}   (shown only now)`)
}
