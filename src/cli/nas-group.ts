// `gatehouse nas-group`: NASes that back each other up, and by what they tell a line.

import type { Command } from 'commander'
import { addNasGroup, listNasGroups, setNasGroup } from '../domain/nas-group.ts'
import { withConfiguredDatabase } from './database.ts'
import { printJson, printLine, printTable } from './output.ts'

type Options = { addressSpace?: string; identityOrder?: string; json?: true }

/** Adds the commands of this noun. */
export function addNasGroupCommands(program: Command): void {
  const group = program
    .command('nas-group')
    .description('NASes that back each other up: a line is the same on any of them')
  const space = 'in which its addresses are unique; a new name makes a new one'
  const order = 'by what a line is told, by commas: mac, circuit-id, remote-id, duid, interface'
  group
    .command('add')
    .description('add a group')
    .requiredOption('--name <name>')
    .option('--address-space <name>', space)
    .option('--identity-order <kinds>', order)
    .option('--json')
    .action(add)
  group.command('list').description('all groups').option('--json').action(list)
  group
    .command('set')
    .description('change a group; what is not named stays')
    .argument('<name>')
    .option('--address-space <name>', space)
    .option('--identity-order <kinds>', order)
    .option('--json')
    .action(set)
}

async function add({ json, ...input }: Options & { name: string }): Promise<void> {
  const { id } = await withConfiguredDatabase(({ db, now }) => addNasGroup(db, input, now))
  if (json) printJson({ id, name: input.name })
  else printLine(`NAS group ${input.name} added`)
}

async function list({ json }: { json?: true }): Promise<void> {
  const groups = await withConfiguredDatabase(({ db }) => listNasGroups(db))
  if (json) {
    printJson(groups)
    return
  }
  printTable(
    ['NAME', 'ADDRESS SPACE', 'IDENTITY ORDER', 'NASES', 'CLIENTS'],
    groups.map((group) => [
      group.name,
      group.addressSpace,
      group.identityOrder.join(','),
      group.nasCount,
      group.clientCount,
    ]),
    '',
  )
}

async function set(name: string, { json, ...input }: Options): Promise<void> {
  const group = await withConfiguredDatabase(async ({ db }) => {
    await setNasGroup(db, { ...input, name })
    return (await listNasGroups(db)).find((one) => one.name === name)
  })
  if (json) printJson(group)
  else printLine(`NAS group ${name} changed`)
}
