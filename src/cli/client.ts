// `gatehouse client`: who may send to us, and with which secret.

import type { Command } from 'commander'
import { addClient, listClients, rotateSecret, setClient } from '../domain/client.ts'
import type { SecretResult } from '../domain/client.ts'
import { checkChoice } from '../domain/field.ts'
import { vendorNames } from '../domain/nas.ts'
import { addNftCommand } from './client-nft.ts'
import { withConfiguredDatabase } from './database.ts'
import { printJson, printLine, printTable, printWarning } from './output.ts'
import { readSecret } from './secret-input.ts'

type SecretOptions = { secretStdin?: true; allowWeakSecret?: true; json?: true }
type PolicyOptions = {
  newNas?: string
  messageAuthenticator?: string
  patienceMs?: string
  group?: string
  unknownPool?: string
  radsecFingerprint?: string
  radsecName?: string
}
type AddOptions = SecretOptions & PolicyOptions & { name: string; address: string; vendor?: string }
type SetOptions = PolicyOptions & { limitProxyState?: string; trustedProxy?: string; json?: true }

/** Adds the commands of this noun. */
export function addClientCommands(program: Command): void {
  const client = program.command('client').description('who may send RADIUS packets to us')
  client
    .command('add')
    .description('add a client; its secret is made up and shown once unless it comes from standard input')
    .requiredOption('--name <name>')
    .requiredOption('--address <address>', 'an address or a prefix such as 192.0.2.0/24')
    .option('--vendor <vendor>', `${vendorNames.join(', ')}: makes its single NAS at once`)
    .option('--new-nas <policy>', 'allow or refuse: whether devices may be made on first sight (allow)')
    .option('--message-authenticator <policy>', 'require, auto or off (auto)')
    .option('--patience-ms <milliseconds>', 'how long its NASes wait in all (900)')
    .option('--group <name>', 'the NAS group of its devices (default)')
    .option('--unknown-pool <pool>', 'the home servers that are asked for subscribers nobody knows here')
    .option('--radsec-fingerprint <sha256>', 'its certificate, where it speaks RADIUS over TLS')
    .option('--radsec-name <name>', 'or a DNS name in its certificate, where our CA signed it')
    .option('--secret-stdin', 'read the secret from standard input')
    .option('--allow-weak-secret', 'take a secret that is short or well known')
    .option('--json')
    .action(add)
  client.command('list').description('all clients').option('--json').action(list)
  client
    .command('set')
    .description('change policies of a client; what is not named stays')
    .argument('<name>')
    .option('--new-nas <policy>', 'allow or refuse')
    .option('--message-authenticator <policy>', 'require, auto or off')
    .option('--limit-proxy-state <choice>', 'on or off: refuse unsigned requests that carry Proxy-State')
    .option('--trusted-proxy <choice>', 'on or off: a proxy that we run ourselves')
    .option('--patience-ms <milliseconds>', 'how long its NASes wait in all')
    .option('--group <name>', 'the NAS group of devices made from now on; nas set moves one that is there')
    .option(
      '--unknown-pool <pool>',
      'the home servers that are asked for subscribers nobody knows here; none ends that',
    )
    .option('--radsec-fingerprint <sha256>', 'its certificate, where it speaks RADIUS over TLS; none takes it away')
    .option('--radsec-name <name>', 'or a DNS name in its certificate, where our CA signed it; none takes it away')
    .option('--json')
    .action(set)
  client
    .command('rotate-secret')
    .description('give a client a new secret; the old one stays valid for a time')
    .argument('<name>')
    .option('--keep <days>', 'how long the old secret stays valid')
    .option('--secret-stdin', 'read the secret from standard input')
    .option('--allow-weak-secret', 'take a secret that is short or well known')
    .option('--json')
    .action(rotate)
  addNftCommand(client)
}

async function add(options: AddOptions): Promise<void> {
  const { json, secretStdin: _, ...input } = options
  const secret = await chosenSecret(options)
  const added = await withConfiguredDatabase(async ({ db, keyring, now }) =>
    addClient(db, await keyring(), { ...input, ...secret }, now),
  )
  printWarning(added.warning)
  if (json) {
    printJson({ id: added.id, name: options.name, prefix: added.prefix, nasId: added.nasId, ...shownSecret(added) })
    return
  }
  const nas = added.nasId === undefined ? '' : ` with its NAS (${options.vendor})`
  printLine(`client ${options.name} (${added.prefix}) added${nas}`)
  printSecret(added)
}

async function list({ json }: { json?: true }): Promise<void> {
  const clients = await withConfiguredDatabase(({ db, now }) => listClients(db, now))
  if (json) {
    printJson(clients)
    return
  }
  printTable(
    ['NAME', 'ADDRESS', 'VENDOR', 'NEW NAS', 'MESSAGE-AUTHENTICATOR', 'NASES', 'SECRETS'],
    clients.map((client) => [
      client.name,
      client.prefix,
      client.vendor,
      client.newNas,
      policyText(client),
      client.nasCount,
      client.secretCount,
    ]),
    'there are no clients; add one with: client add --name N --address A',
  )
}

function policyText(client: { messageAuthenticator: string; messageAuthenticatorSeenAt: Date | null }): string {
  if (client.messageAuthenticator === 'off') return 'off (danger: forged answers are possible)'
  if (client.messageAuthenticator === 'auto' && client.messageAuthenticatorSeenAt !== null)
    return 'auto (required since seen)'
  return client.messageAuthenticator
}

async function set(name: string, options: SetOptions): Promise<void> {
  const { limitProxyState, trustedProxy, unknownPool, radsecFingerprint, radsecName, json, ...policies } = options
  const changes = {
    ...policies,
    ...(unknownPool === undefined ? {} : { unknownPool: orNone(unknownPool) }),
    ...(radsecFingerprint === undefined ? {} : { radsecFingerprint: orNone(radsecFingerprint) }),
    ...(radsecName === undefined ? {} : { radsecName: orNone(radsecName) }),
    ...(limitProxyState === undefined ? {} : { limitProxyState: isOn('limit-proxy-state', limitProxyState) }),
    ...(trustedProxy === undefined ? {} : { trustedProxy: isOn('trusted-proxy', trustedProxy) }),
  }
  const client = await withConfiguredDatabase(async ({ db, now }) => {
    await setClient(db, { name, ...changes })
    return (await listClients(db, now)).find((one) => one.name === name)
  })
  if (options.messageAuthenticator === 'off') {
    printWarning('without Message-Authenticator answers to this client can be forged (Blast-RADIUS)')
  }
  if (json) printJson(client)
  else printLine(`client ${name} changed`)
}

async function rotate(name: string, options: SecretOptions & { keep?: string }): Promise<void> {
  const secret = await chosenSecret(options)
  const keep = options.keep === undefined ? {} : { keepDays: options.keep }
  const rotated = await withConfiguredDatabase(async ({ db, keyring, now }) =>
    rotateSecret(db, await keyring(), { name, ...secret, ...keep }, now),
  )
  printWarning(rotated.warning)
  if (options.json) {
    printJson({ name, oldValidUntil: rotated.oldValidUntil, ...shownSecret(rotated) })
    return
  }
  printLine(`client ${name} has a new secret; the one before is valid until ${rotated.oldValidUntil.toISOString()}`)
  printSecret(rotated)
}

async function chosenSecret(options: SecretOptions): Promise<{ secret?: string; allowWeakSecret: boolean }> {
  const allowWeakSecret = options.allowWeakSecret ?? false
  return options.secretStdin ? { secret: await readSecret('secret'), allowWeakSecret } : { allowWeakSecret }
}

/** A secret that was brought is known already and is not repeated. */
function shownSecret({ secret, made, warning }: SecretResult) {
  return { ...(made ? { secret } : {}), ...(warning === undefined ? {} : { warning }) }
}

function printSecret({ secret, made }: SecretResult): void {
  if (made) printLine(`secret: ${secret}   (shown only now)`)
}

function orNone(text: string): string {
  return text === 'none' ? '' : text
}

function isOn(field: string, text: string): boolean {
  return checkChoice(field, text, ['on', 'off']) === 'on'
}
