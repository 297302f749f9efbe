// Commands run in the test's own process, on the test's database: what they print for people and for programs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, vi } from 'vitest'
import { throwUsageErrors } from '../../src/cli/run.ts'

export type Commands = {
  /** A directory that is removed afterwards. */
  directory: string
  /** Runs one command, words apart by blanks, `~` for a blank inside one; gives its lines. Throws what the command throws. */
  run(text: string): Promise<string[]>
  /** The same, with single blanks between the words of a line. */
  table(text: string): Promise<string[]>
  /** Runs it with --json and gives the value. */
  json(text: string): Promise<unknown>
  /** What the last one wrote to standard error. */
  warnings(): string
}

/** The commands that `add` adds. */
export function useCommands(database: { readonly url: string }, add: (program: Command) => void): Commands {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-commands-'))
  let stdout = ''
  let stderr = ''
  beforeAll(() => {
    vi.stubEnv('DATABASE_URL', database.url)
    vi.stubEnv('GATEHOUSE_DATA_DIR', directory)
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      stdout += String(text)
      return true
    })
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      stderr += String(text)
      return true
    })
  })
  afterAll(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
    rmSync(directory, { recursive: true, force: true })
  })
  const run = async (text: string): Promise<string[]> => {
    const program = throwUsageErrors(new Command('gatehouse'))
    add(program)
    stdout = ''
    stderr = ''
    const words = text.split(' ').map((word) => word.replaceAll('~', ' '))
    await program.parseAsync(words, { from: 'user' })
    return stdout.trimEnd().split('\n')
  }
  return {
    directory,
    run,
    table: async (text) => (await run(text)).map((line) => line.replaceAll(/\s+/g, ' ')),
    async json(text) {
      await run(`${text} --json`)
      return JSON.parse(stdout)
    },
    warnings: () => stderr,
  }
}
