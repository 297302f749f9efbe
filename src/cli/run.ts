// Runs the command line and turns how it ended into an exit code: 0 done, 1 failed, 2 wrong use. Errors are one clear line;
// only what nobody foresaw shows where it came from.

import { CommanderError } from 'commander'
import type { Command } from 'commander'
import { ConfigError } from '../config.ts'
import { KeyFileError } from '../crypto/key-file.ts'
import { MigrationError, SchemaTooNewError } from '../db/migrate.ts'
import { isUnavailable } from '../db/errors.ts'
import { SealError } from '../domain/data-key.ts'
import { ConflictError, FieldError, NotFoundError } from '../domain/field.ts'

/** A command that did what it could and has to say that it failed, in its own words. */
export class CommandFailedError extends Error {
  override readonly name = 'CommandFailedError'
}

/** Makes errors of commander throw instead of ending the process. Call it before commands are added: they inherit it. */
export function throwUsageErrors(program: Command): Command {
  return program.exitOverride().configureOutput({
    outputError: (text, write) => write(text.replace(/^error: /, 'gatehouse: ')),
  })
}

/** Runs one command and answers its exit code. Never throws. */
export async function runCommandLine(program: Command, argv: readonly string[]): Promise<number> {
  // `gatehouse … | head`: a reader that has gone is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  try {
    await program.parseAsync(argv)
    return 0
  } catch (error) {
    // Commander has printed its own.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    process.stderr.write(`gatehouse: ${describe(error)}\n`)
    return error instanceof FieldError || error instanceof ConfigError ? 2 : 1
  }
}

const foreseen = [
  FieldError,
  ConfigError,
  NotFoundError,
  ConflictError,
  CommandFailedError,
  KeyFileError,
  SealError,
  MigrationError,
  SchemaTooNewError,
]

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (foreseen.some((kind) => error instanceof kind)) return error.message
  if (isUnavailable(error)) return `the database cannot be asked: ${messageOf(error)}`
  // The embedded server's own errors are sentences too, but not all of one class.
  return /^(Postgres|Cluster|Binaries)/.test(error.name) ? error.message : (error.stack ?? messageOf(error))
}

/** A connection refused on both address families is an AggregateError without a message of its own. */
function messageOf(error: Error): string {
  if (error.message !== '') return error.message
  if (error instanceof AggregateError)
    return error.errors.map((one) => (one instanceof Error ? one.message : '')).join('; ')
  return 'code' in error ? String(error.code) : error.name
}
