// `gatehouse nas`: the devices behind the clients.

import type { Command } from 'commander'
import { addNas, listNases } from '../domain/nas-device.ts'
import { createAttributeCheck } from './attribute-check.ts'
import { withConfiguredDatabase } from './database.ts'
import { printJson, printLine, printTable } from './output.ts'

type AddOptions = {
  client: string
  name: string
  vendor: string
  identifier?: string
  address?: string
  coaAddress?: string
  coaPort?: string
  attribute?: string[]
  json?: true
}

/** Adds the commands of this noun. */
export function addNasCommands(program: Command): void {
  const nas = program.command('nas').description('the devices behind the clients')
  nas
    .command('add')
    .description('add a device; with neither identifier nor address it stands for all that its client sends unnamed')
    .requiredOption('--client <name>', 'the client it speaks through')
    .requiredOption('--name <name>')
    .requiredOption('--vendor <vendor>', 'mikrotik, accel-ppp or standard')
    .option('--identifier <text>', 'the NAS-Identifier it sends')
    .option('--address <address>', 'the NAS-IP-Address it sends')
    .option('--coa-address <address>', 'where CoA goes, if not where its packets come from')
    .option('--coa-port <port>', 'where CoA goes (3799)')
    .option('--attribute <text...>', 'an extra attribute of every accept, as "Name = value"')
    .option('--json')
    .action(add)
  nas.command('list').description('all devices').option('--json').action(list)
}

async function add(options: AddOptions): Promise<void> {
  const { json, attribute, ...input } = options
  const attributes = attribute === undefined ? {} : { attributes: attribute }
  const { id } = await withConfiguredDatabase(({ db, now }) =>
    addNas(db, { ...input, ...attributes }, createAttributeCheck(), now),
  )
  if (json) printJson({ id, name: options.name, client: options.client })
  else printLine(`NAS ${options.name} added behind client ${options.client}`)
}

async function list({ json }: { json?: true }): Promise<void> {
  const nases = await withConfiguredDatabase(({ db }) => listNases(db))
  if (json) {
    printJson(nases)
    return
  }
  printTable(
    ['NAME', 'CLIENT', 'VENDOR', 'IDENTIFIER', 'ADDRESS', 'COA PORT', 'LAST REBOOT'],
    nases.map((nas) => [nas.name, nas.client, nas.vendor, nas.identifier, nas.address, nas.coaPort, nas.lastRebootAt]),
    'there are no NASes; one is made when a client that may have new ones first sends a packet',
  )
}
