// `gatehouse nas-group`: NASes that back each other up, and by what they tell a line.

import type { Command } from 'commander'
import { addNasGroup, listNasGroups, setNasGroup } from '../domain/nas-group.ts'
import type { NasGroupInput } from '../domain/nas-group.ts'
import { formatQuantity } from '../domain/quantity.ts'
import { parseUnknownGarden } from '../domain/unknown-garden.ts'
import type { StoredUnknownGarden } from '../domain/unknown-garden.ts'
import { withConfiguredDatabase } from './database.ts'
import { printJson, printLine, printTable } from './output.ts'

type Options = { addressSpace?: string; identityOrder?: string; unknownGarden?: string; json?: true }

/** Adds the commands of this noun. */
export function addNasGroupCommands(program: Command): void {
  const group = program
    .command('nas-group')
    .description('NASes that back each other up: a line is the same on any of them')
  const space = 'in which its addresses are unique; a new name makes a new one'
  const order = 'by what a line is told, by commas: mac, circuit-id, remote-id, duid, interface'
  const garden =
    'lets whom nobody knows into a walled garden (PAP, CHAP, IPoE): off, on, list=…,pool=…,down=…,up=…,timeout=…'
  group
    .command('add')
    .description('add a group')
    .requiredOption('--name <name>')
    .option('--address-space <name>', space)
    .option('--identity-order <kinds>', order)
    .option('--unknown-garden <parts>', garden)
    .option('--json')
    .action(add)
  group.command('list').description('all groups').option('--json').action(list)
  group
    .command('set')
    .description('change a group; what is not named stays')
    .argument('<name>')
    .option('--address-space <name>', space)
    .option('--identity-order <kinds>', order)
    .option('--unknown-garden <parts>', garden)
    .option('--json')
    .action(set)
}

async function add({ json, ...input }: Options & { name: string }): Promise<void> {
  const { id } = await withConfiguredDatabase(({ db, now }) => addNasGroup(db, inputOf(input), now))
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
    ['NAME', 'ADDRESS SPACE', 'IDENTITY ORDER', 'UNKNOWN GARDEN', 'NASES', 'CLIENTS'],
    groups.map((group) => [
      group.name,
      group.addressSpace,
      group.identityOrder.join(','),
      gardenText(group.unknownGarden),
      group.nasCount,
      group.clientCount,
    ]),
    '',
  )
}

async function set(name: string, { json, ...input }: Options): Promise<void> {
  const group = await withConfiguredDatabase(async ({ db }) => {
    await setNasGroup(db, inputOf({ ...input, name }))
    return (await listNasGroups(db)).find((one) => one.name === name)
  })
  if (json) printJson(group)
  else printLine(`NAS group ${name} changed`)
}

/** Throws FieldError. */
function inputOf({ unknownGarden, ...input }: Omit<Options, 'json'> & { name: string }): NasGroupInput {
  return unknownGarden === undefined ? input : { ...input, unknownGarden: parseUnknownGarden(unknownGarden) }
}

/** As it is typed. */
function gardenText(garden: StoredUnknownGarden | null): string {
  if (garden === null) return 'off'
  const parts = [
    garden.address_list === null ? [] : [`list=${garden.address_list}`],
    garden.pool === null ? [] : [`pool=${garden.pool}`],
    [`down=${formatQuantity(BigInt(garden.down_bps))}`, `up=${formatQuantity(BigInt(garden.up_bps))}`],
    garden.session_timeout_s === null ? [] : [`timeout=${garden.session_timeout_s}`],
  ]
  return parts.flat().join(',')
}
