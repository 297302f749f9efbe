// `gatehouse nas`: the devices behind the clients, and what differs from one to the next.

import type { Command } from 'commander'
import { reachableAddresses } from '../aaa/local-addresses.ts'
import { FieldError, quote } from '../domain/field.ts'
import { addNas, listNases, setNas, showNas } from '../domain/nas-device.ts'
import { loadRegistry } from '../domain/nas-registry.ts'
import { readScriptBasis } from '../domain/nas-script.ts'
import { changeNasSettings, nasSettingNames, nasSettingRange, nasSettingValueFromText } from '../domain/nas-settings.ts'
import { vendorNames } from '../domain/nas.ts'
import { parseHost } from '../domain/prefix.ts'
import { nasScript } from '../nas/vendors/script.ts'
import type { ScriptFacts } from '../nas/vendors/script.ts'
import { vendorOf } from '../nas/vendors/vendor.ts'
import { createAttributeCheck } from './attribute-check.ts'
import { withConfiguredDatabase } from './database.ts'
import type { Workplace } from './database.ts'
import { addNasDoctorCommand } from './nas-doctor.ts'
import { addNasRouterCommand } from './nas-router.ts'
import { printFacts, printJson, printLine, printTable, printWarning } from './output.ts'
import { CommandFailedError } from './run.ts'

type FieldOptions = {
  identifier?: string
  address?: string
  coaAddress?: string
  coaPort?: string
  group?: string
  attribute?: string[]
  json?: true
}
type AddOptions = FieldOptions & { client: string; name: string; vendor: string }
type SettingValue = string | number | boolean | undefined
type SetOptions = FieldOptions & { vendor?: string; unset?: string[] }
type ScriptOptions = { server?: string[]; srcAddress?: string; showSecret?: true }

const vendors = vendorNames.join(', ')

/** Adds the commands of this noun. */
export function addNasCommands(program: Command): void {
  const nas = program.command('nas').description('the devices behind the clients')
  nas
    .command('add')
    .description('add a device; with neither identifier nor address it stands for all that its client sends unnamed')
    .requiredOption('--client <name>', 'the client it speaks through')
    .requiredOption('--name <name>')
    .requiredOption('--vendor <vendor>', vendors)
    .option('--identifier <text>', 'the NAS-Identifier it sends')
    .option('--address <address>', 'the NAS-IP-Address it sends')
    .option('--coa-address <address>', 'where CoA goes, if not where its packets come from')
    .option('--coa-port <port>', 'where CoA goes (3799)')
    .option('--group <name>', 'its NAS group, if not that of its client')
    .option('--attribute <text...>', 'an extra attribute of every accept, as "Name = value"')
    .option('--json')
    .action(add)
  nas.command('list').description('all devices').option('--json').action(list)
  nas
    .command('show')
    .description('one device with its settings')
    .argument('<name>')
    .option('--json')
    .action((name: string, { json }: { json?: true }) => show(name, json))
  nas
    .command('set')
    .description('change a device; what is not named stays')
    .argument('<name>')
    .argument('[settings...]', 'as key=value; nas show tells which there are')
    .option('--unset <key...>', 'settings that go back to their default')
    .option('--vendor <vendor>', vendors)
    .option('--identifier <text>', 'the NAS-Identifier it sends')
    .option('--address <address>', 'the NAS-IP-Address it sends')
    .option('--coa-address <address>', 'where CoA goes; empty: where its packets come from')
    .option('--coa-port <port>', 'where CoA goes')
    .option('--group <name>', 'its NAS group, for sessions from now on')
    .option('--attribute <text...>', 'its extra attributes, instead of those it has')
    .option('--json')
    .action(set)
  nas
    .command('script')
    .description('the configuration that points a device at us, to paste there (mikrotik, accel-ppp)')
    .argument('<name>')
    .option('--server <address...>', 'where it reaches us; default: where we listen')
    .option('--src-address <address>', 'the address its packets are to leave from')
    .option('--show-secret', "with the client's secret in it, instead of a placeholder")
    .action(script)
  addNasRouterCommand(nas)
  addNasDoctorCommand(nas)
}

async function add(options: AddOptions): Promise<void> {
  const { json, attribute, ...input } = options
  const attributes = attribute === undefined ? {} : { attributes: attribute }
  const { id } = await withConfiguredDatabase(({ db, now }) =>
    addNas(db, { ...input, ...attributes }, createAttributeCheck(), now),
  )
  if (json) printJson({ id, name: options.name, client: options.client })
  else printLine(`NAS ${options.name} added behind client ${options.client}`)
  warnUnconfirmed(options.vendor)
}

/** On standard error, so that a script's JSON stays JSON. */
function warnUnconfirmed(vendor: string | undefined): void {
  const name = vendorNames.find((known) => known === vendor)
  if (name === undefined || vendorOf(name).confirmed) return
  process.stderr.write(
    `the attributes of ${name} are from manuals and not yet confirmed on a device: try one line first\n`,
  )
}

async function list({ json }: { json?: true }): Promise<void> {
  const nases = await withConfiguredDatabase(({ db }) => listNases(db))
  if (json) {
    printJson(nases)
    return
  }
  printTable(
    ['NAME', 'CLIENT', 'GROUP', 'VENDOR', 'IDENTIFIER', 'ADDRESS', 'COA PORT', 'LAST REBOOT'],
    nases.map((nas) => [
      nas.name,
      nas.client,
      nas.group,
      nas.vendor,
      nas.identifier,
      nas.address,
      nas.coaPort,
      nas.lastRebootAt,
    ]),
    'there are no NASes; one is made when a client that may have new ones first sends a packet',
  )
}

async function show(name: string, json: true | undefined): Promise<void> {
  const nas = await withConfiguredDatabase(({ db }) => showNas(db, name))
  const { settings, written, ...device } = nas
  // Every setting has a line, also one that has no value of its own.
  const values = new Map<string, SettingValue>(Object.entries(settings))
  if (json) {
    const effective = Object.fromEntries(nasSettingNames.map((key) => [key, values.get(key) ?? null]))
    printJson({ ...device, settings: effective, written })
    return
  }
  printFacts([
    ['name', device.name],
    ['client', device.client],
    ['group', device.group],
    ['vendor', device.vendor],
    ['identifier', device.identifier],
    ['address', device.address],
    ['coa', `${device.coaAddress ?? 'where its packets come from'}, port ${device.coaPort}`],
    ['attributes', device.attributes.join('; ')],
    ['interim interval', device.observedIntervalS === null ? undefined : `${device.observedIntervalS} s as observed`],
    ['last reboot', device.lastRebootAt],
    ['created', device.createdAt],
  ])
  printLine('')
  printTable(
    ['SETTING', 'VALUE', 'FROM', 'MAY BE'],
    nasSettingNames.map((key) => [
      key,
      settingText(values.get(key)),
      written.includes(key) ? 'operator' : 'default',
      nasSettingRange(key),
    ]),
    '',
  )
}

async function set(name: string, pairs: string[], options: SetOptions): Promise<void> {
  const { json, attribute, unset = [], ...fields } = options
  const changes = { ...readPairs(pairs), ...Object.fromEntries(unset.map((key) => [key, null])) }
  const input = { ...fields, ...(attribute === undefined ? {} : { attributes: attribute }) }
  await withConfiguredDatabase(({ db }) =>
    db.transaction().execute(async (trx) => {
      const named = Object.keys(changes).length > 0
      if (named) await changeNasSettings(trx, name, changes)
      if (!named || Object.keys(input).length > 0) await setNas(trx, { ...input, name }, createAttributeCheck())
    }),
  )
  if (json) await show(name, json)
  else printLine(`NAS ${name} changed`)
  warnUnconfirmed(options.vendor)
}

/** `key=value` each. Throws FieldError. */
function readPairs(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new FieldError('setting', `${quote(pair)} is not key=value`)
      const key = pair.slice(0, at)
      return [key, nasSettingValueFromText(key, pair.slice(at + 1))]
    }),
  )
}

function settingText(value: SettingValue): string | undefined {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return value === undefined ? undefined : String(value)
}

/** It goes to standard output alone, so that it can be kept in a file. */
async function script(name: string, options: ScriptOptions): Promise<void> {
  const facts = await withConfiguredDatabase((place) => factsOf(place, name, options))
  const made = nasScript(facts)
  if (made.kind === 'none') throw new CommandFailedError(made.reason)
  if (options.server === undefined && facts.servers.length > 1) {
    printWarning(`every address we listen on is in it (${facts.servers.length}): --server names those that count`)
  }
  process.stdout.write(made.text)
}

async function factsOf(place: Workplace, name: string, options: ScriptOptions): Promise<ScriptFacts> {
  const { config, db, now } = place
  const { client, isRadsec, ...basis } = await readScriptBasis(db, name, now)
  const addresses =
    options.server?.map((address) => parseHost('server', address)) ?? reachableAddresses(config.radiusAddresses)
  return {
    ...basis,
    servers: addresses.map((address) => ({ address, authPort: config.authPort, acctPort: config.acctPort })),
    sourceAddress: options.srcAddress === undefined ? undefined : parseHost('src-address', options.srcAddress),
    radsecPort: isRadsec ? config.radsec?.port : undefined,
    secret: options.showSecret ? await newestSecret(place, client) : undefined,
  }
}

/** The one that a rotation left as the newest: the older one ends by itself. */
async function newestSecret({ pool, keyring, now }: Workplace, client: string): Promise<string> {
  const failures: string[] = []
  const onSealError = (error: Error, of: string) => {
    if (of === client) failures.push(error.message)
  }
  const { clients } = await loadRegistry(pool, await keyring(), onSealError, now)
  const secret = clients.find((one) => one.name === client)?.secrets[0]
  if (secret === undefined || failures.length > 0) {
    throw new CommandFailedError(`the secret of client ${client} cannot be shown: ${failures[0] ?? 'it has none'}`)
  }
  return secret.toString()
}
