// `gatehouse inbox`: requests that matched nobody, and what a support desk does about them.

import type { Command } from 'commander'
import { checkChoice, FieldError } from '../domain/field.ts'
import { attachableFacts, attachUnmatched, openLearnWindow } from '../domain/unmatched-attach.ts'
import { listUnmatched } from '../domain/unmatched.ts'
import type { UnmatchedListed } from '../domain/unmatched.ts'
import { withConfiguredDatabase } from './database.ts'
import { cellText, printJson, printLine, printTable } from './output.ts'

type Json = { json?: true }

/** Adds the commands of this noun. */
export function addInboxCommands(program: Command): void {
  const inbox = program.command('inbox').description('requests that matched nobody, by NAS, MAC, line and username')
  inbox
    .command('list')
    .description('what came in the last 7 days, newest first')
    .option('--nas <name>', 'only from this NAS')
    .option('--json', 'with all that was sent')
    .action(list)
  inbox
    .command('attach')
    .description('make the line of a request that of a subscriber')
    .argument('<id>', 'as listed')
    .requiredOption('--subscriber <username>')
    .option('--fact <facts>', `${attachableFacts.join(', ')}; several by commas (what was refused, or tells the line)`)
    .option('--json')
    .action(attach)
  inbox
    .command('accept-next-mac')
    .description('take the next unknown MAC of a subscriber as its own')
    .argument('<username>')
    .option('--minutes <minutes>', 'for so long (15)')
    .option('--json')
    .action(acceptNextMac)
}

async function list({ nas, json }: Json & { nas?: string }): Promise<void> {
  const requests = await withConfiguredDatabase(({ db }) => listUnmatched(db, nas === undefined ? {} : { nas }))
  if (json) {
    printJson(requests.map((request) => ({ ...request, count: request.count.toString() })))
    return
  }
  printTable(
    ['ID', 'LAST', 'TIMES', 'NAS', 'USERNAME', 'MAC', 'LINE', 'REASON'],
    requests.map((request) => [
      request.id,
      request.lastAt,
      request.count,
      request.nas,
      request.known ? `${request.username} (known)` : request.username,
      request.mac,
      lineText(request),
      request.reason,
    ]),
    'nothing came that matched nobody',
  )
}

function lineText({ interface: name, circuitId, remoteId, duid }: UnmatchedListed): string {
  const parts = [
    name,
    circuitId === null ? null : `circuit-id ${circuitId}`,
    remoteId === null ? null : `remote-id ${remoteId}`,
    duid === null ? null : `duid ${duid}`,
  ]
  return parts.filter((part) => part !== null).join(', ')
}

async function attach(id: string, options: Json & { subscriber: string; fact?: string }): Promise<void> {
  if (!/^\d{1,18}$/.test(id)) throw new FieldError('id', 'is the number that inbox list shows')
  const facts = options.fact?.split(',').map((text) => checkChoice('fact', text.trim().toLowerCase(), attachableFacts))
  const input = { id: BigInt(id), username: options.subscriber, facts }
  const attached = await withConfiguredDatabase(({ db, now }) => attachUnmatched(db, input, now))
  if (options.json) {
    printJson(attached)
    return
  }
  for (const { fact, value } of attached.facts) {
    printLine(`subscriber ${attached.username} has ${fact} ${cellText(value)} from now on`)
  }
}

async function acceptNextMac(username: string, { minutes, json }: Json & { minutes?: string }): Promise<void> {
  const opened = await withConfiguredDatabase(({ db, now }) => openLearnWindow(db, { username, minutes }, now))
  if (json) printJson(opened)
  else printLine(`the next unknown MAC of subscriber ${opened.username} is accepted until ${cellText(opened.until)}`)
}
