// `gatehouse find A`: who has this address, or had it at a time.

import type { Command } from 'commander'
import { searchAddress } from '../domain/address-search.ts'
import type { Holder, Search } from '../domain/address-search.ts'
import { parseInstant } from '../domain/instant.ts'
import { readSettings } from '../domain/setting.ts'
import { withConfiguredDatabase } from './database.ts'
import { cellText, printJson, printLine, printTable } from './output.ts'

type Options = { at?: string; json?: true }

/** Adds the command. */
export function addFindCommands(program: Command): void {
  program
    .command('find')
    .description('who has an IPv4 or IPv6 address, or had it; also by MAC or circuit id')
    .argument('<address>', 'an address, a MAC, or a circuit id as text or 0x…')
    .option('--at <time>', 'who had it then: ISO 8601; without an offset in the zone of the ISP')
    .option('--json')
    .action(run)
}

async function run(text: string, { at, json }: Options): Promise<void> {
  const search = await withConfiguredDatabase(async ({ db, pool }) => {
    const zone = at === undefined ? undefined : (await readSettings(db)).zone
    const instant = at === undefined || zone === undefined ? undefined : parseInstant('at', at, zone)
    return searchAddress(pool, { text, at: instant })
  })
  if (json) {
    printJson(search)
    return
  }
  printHolders(search, at)
}

function printHolders({ kind, sought, holders }: Search, at: string | undefined): void {
  const when = at === undefined ? '' : ` at ${cellText(at)}`
  if (holders.length === 0) {
    printLine(`nobody known has ${kind} ${cellText(sought)}${when}`)
    return
  }
  printTable(
    ['USERNAME', 'HELD', 'AS', 'SPACE', 'NAS', 'SESSION', 'MAC', 'SINCE', 'UNTIL'],
    holders.map((holder) => [
      holder.username,
      holder.held,
      `${sourceText(holder)}${holder.exact ? '' : ', around it'}`,
      holder.space,
      holder.nas,
      holder.acctSessionId,
      holder.mac,
      holder.startedAt,
      holder.endedAt,
    ]),
    '',
  )
}

function sourceText({ source, kind }: Holder): string {
  return source === 'static' ? `static ${kind}` : kind
}
