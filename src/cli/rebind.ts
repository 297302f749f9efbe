// `gatehouse rebind`: many subscribers to other ports and VLANs at once, when an OLT moves.

import { open } from 'node:fs/promises'
import type { Command } from 'commander'
import { FieldError } from '../domain/field.ts'
import { rebind } from '../domain/rebind.ts'
import type { RebindResult } from '../domain/rebind.ts'
import { withConfiguredDatabase } from './database.ts'
import { printJson, printLine, printTable, printWarning } from './output.ts'
import { CommandFailedError } from './run.ts'

type Options = {
  nasGroup?: string
  from?: string[]
  to?: string[]
  circuitIdPrefix?: string[]
  file?: string
  dryRun?: true
  json?: true
}

const shownMoves = 20

/** Adds the command. */
export function addRebindCommands(program: Command): void {
  const collect = (text: string, before: string[] = []): string[] => [...before, text]
  program
    .command('rebind')
    .description('bind many subscribers to other ports and VLANs when an OLT moves: all of them or none')
    .option('--nas-group <name>', 'only those bound to this NAS group')
    .option('--from <parts>', 'what matches, such as port=1/1/4,s-vlan=501; again for more rules', collect)
    .option('--to <parts>', 'what it becomes, one for each --from; what is not named is kept', collect)
    .option('--circuit-id-prefix <old=new>', 'the beginning of circuit ids, text or 0x…', collect)
    .option(
      '--file <file>',
      'CSV with username, nas_group, interface, port, s_vlan, c_vlan, circuit_id (- is standard input)',
    )
    .option('--dry-run', 'show what would change, and write nothing')
    .option('--json')
    .action(run)
}

async function run(options: Options): Promise<void> {
  const { from = [], to = [], file, nasGroup, dryRun } = options
  if (from.length !== to.length) throw new FieldError('to', 'there must be one --to for each --from')
  const source = file === undefined ? undefined : file === '-' ? process.stdin : await openFile(file)
  const input = {
    rules: from.map((text, at) => ({ from: text, to: to[at] ?? '' })),
    circuitIdPrefixes: options.circuitIdPrefix ?? [],
    file: source,
    nasGroup,
    dryRun,
  }
  const result = await withConfiguredDatabase(({ db, now }) => rebind(db, input, now))
  if (options.json) printJson(result)
  else printResult(result)
  if (result.kind === 'refused') throw new CommandFailedError('nothing was changed')
}

/** Opened before anything else is: a wrong name is told at once. */
async function openFile(file: string): Promise<AsyncIterable<Uint8Array>> {
  try {
    return (await open(file)).createReadStream()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new FieldError('file', `${file} cannot be read: ${code}`)
  }
}

function printResult(result: RebindResult): void {
  if (result.kind === 'refused') {
    for (const { line, field, reason } of result.errors) process.stderr.write(`line ${line}, ${field}: ${reason}\n`)
    for (const { line, usernames } of result.conflicts) {
      process.stderr.write(`${usernames.join(' and ')} would both be on ${line}\n`)
    }
    return
  }
  if (result.withoutGroup > 0) {
    printWarning(`${result.withoutGroup} more match, are bound to no NAS group, and are left alone`)
  }
  const moves = result.moves.slice(0, shownMoves)
  const none = 'nobody is bound so'
  printTable(
    ['USERNAME', 'BEFORE', 'AFTER'],
    moves.map(({ username, before, after }) => [username, before, after]),
    none,
  )
  if (result.count > moves.length) printLine(`and ${result.count - moves.length} more`)
  const would = result.kind === 'dry-run' ? 'would be' : result.count === 1 ? 'is' : 'are'
  if (result.count > 0)
    printLine(`${result.count} ${result.count === 1 ? 'subscriber' : 'subscribers'} ${would} bound anew`)
}
