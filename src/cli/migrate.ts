// `gatehouse migrate`: brings the schema up to date. Every other command does so as well; this one says what it did.

import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { migrate } from '../db/migrate.ts'
import { withServer } from './database.ts'
import { printJson, printLine } from './output.ts'

/** Adds the command. */
export function addMigrateCommand(program: Command): void {
  program.command('migrate').description('bring the schema up to date').option('--json').action(run)
}

async function run({ json }: { json?: true }): Promise<void> {
  const applied = await withServer(readConfig(), (url) => migrate(url))
  if (json) printJson({ applied })
  else printLine(applied.length === 0 ? 'the schema is up to date' : `applied: ${applied.join(', ')}`)
}
