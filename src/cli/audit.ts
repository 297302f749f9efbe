// `gatehouse audit`: whether the audit trail is as it was written, and the head of its chain to be kept elsewhere.

import type { Command } from 'commander'
import { systemClock } from '../clock.ts'
import { chainHead, extendChain } from '../domain/audit/chain.ts'
import type { ChainHead } from '../domain/audit/chain.ts'
import { verifyChain } from '../domain/audit/verify-chain.ts'
import type { ChainFault } from '../domain/audit/verify-chain.ts'
import { FieldError } from '../domain/field.ts'
import { withConfiguredDatabase } from './database.ts'
import { printJson, printLine } from './output.ts'
import { CommandFailedError } from './run.ts'

type Json = { json?: true }

/** Adds the commands of this noun. */
export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('the hash chain over the audit trail')
  audit
    .command('head')
    .description('the last link: keep it off this machine, and verify against it later')
    .option('--json')
    .action(head)
  audit
    .command('verify')
    .description('find entries that were changed, deleted or exchanged; with a kept head also an end that was cut off')
    .option('--head <hash>', 'a hash that was kept, 64 hex digits')
    .option('--at <sequence>', 'the sequence that was kept with it')
    .option('--json')
    .action(verify)
}

async function head({ json }: Json): Promise<void> {
  const found = await withConfiguredDatabase(async ({ db }) => {
    // What is committed belongs into it, also while no service runs that would chain it.
    while ((await extendChain(db, systemClock.now())).isMore);
    return chainHead(db)
  })
  if (json) printJson({ sequence: found.sequence, hash: found.hash.toString('hex') })
  else printLine(`--head ${found.hash.toString('hex')} --at ${found.sequence}`)
}

async function verify({ json, ...options }: Json & { head?: string; at?: string }): Promise<void> {
  const kept = readKept(options)
  const report = await withConfiguredDatabase(({ db }) => verifyChain(db, kept))
  const { faults, waiting } = report
  const shown = { sequence: report.head.sequence, hash: report.head.hash.toString('hex'), waiting, faults }
  if (json) printJson(shown)
  else {
    for (const fault of faults) printLine(faultText(fault))
    if (waiting > 0) printLine(`${waiting} entries are not chained yet`)
    if (faults.length === 0) printLine(`the audit trail is whole up to ${shown.sequence}, hash ${shown.hash}`)
  }
  if (faults.length > 0) throw new CommandFailedError('the audit trail is not as it was written')
}

function readKept({ head: hash, at }: { head?: string; at?: string }): ChainHead | undefined {
  if (hash === undefined && at === undefined) return undefined
  if (hash === undefined || !/^[0-9a-f]{64}$/i.test(hash)) throw new FieldError('head', 'must have 64 hex digits')
  if (at === undefined || !/^\d{1,18}$/.test(at)) throw new FieldError('at', 'is the number that audit head shows')
  return { sequence: BigInt(at), hash: Buffer.from(hash, 'hex') }
}

const texts: Record<ChainFault['what'], string> = {
  changed: 'was changed, or exchanged with another',
  missing: 'was deleted',
  gap: 'and perhaps more after it are gone, with their links',
  cut: 'is not there: the end of the trail was cut off',
  rewritten: 'has another hash than the one that was kept: the trail was computed anew',
}

function faultText({ sequence, entryId, what }: ChainFault): string {
  return `${sequence}${entryId === null ? '' : ` (entry ${entryId})`} ${texts[what]}`
}
