import { Command } from 'commander'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { CommandFailedError, runCommandLine, throwUsageErrors } from '../../src/cli/run.ts'
import { ConfigError } from '../../src/config.ts'
import { KeyFileError } from '../../src/crypto/key-file.ts'
import { MigrationError, SchemaTooNewError } from '../../src/db/migrate.ts'
import { ConflictError, FieldError, NotFoundError } from '../../src/domain/field.ts'

let stderr = ''
vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
  stderr += String(text)
  return true
})
vi.spyOn(process.stdout, 'write').mockImplementation(() => true)
afterEach(() => {
  stderr = ''
  process.stdout.removeAllListeners('error')
})

function runWith(action: () => void, args: string[] = ['go']): Promise<number> {
  const program = throwUsageErrors(new Command('gatehouse')).version('1.2.3')
  program.command('go').option('--json').action(action)
  return runCommandLine(program, ['node', 'main.ts', ...args])
}

function failing(error: unknown): Promise<number> {
  return runWith(() => {
    throw error
  })
}

describe('the exit code', () => {
  it('is 0 for what was done, and for help and version', async () => {
    expect(await runWith(() => undefined)).toBe(0)
    expect(await runWith(() => undefined, ['--help'])).toBe(0)
    expect(await runWith(() => undefined, ['go', '--help'])).toBe(0)
    expect(await runWith(() => undefined, ['--version'])).toBe(0)
    expect(stderr).toBe('')
  })

  it.each([[[]], [['nonsense']], [['go', '--nonsense']], [['go', 'too', 'much']]])(
    'is 2 for wrong use: %j',
    async (args) => {
      expect(await runWith(() => undefined, args)).toBe(2)
      expect(stderr).not.toBe('')
      expect(stderr).not.toContain('    at ')
    },
  )

  it.each([
    [2, new FieldError('name', 'is empty')],
    [2, new ConfigError(['GATEHOUSE_HTTP_PORT must be a port'])],
    [1, new NotFoundError('client', 'x')],
    [1, new ConflictError('name', 'is taken')],
    [1, new CommandFailedError('nothing was imported')],
    [1, new KeyFileError('the key file is missing')],
    [1, new MigrationError('migration 0001 failed')],
    [1, new SchemaTooNewError('upgrade this instance')],
  ])('is %i for %s, told in its own words', async (code, error) => {
    expect(await failing(error)).toBe(code)
    expect(stderr).toBe(`gatehouse: ${error.message}\n`)
  })

  it('is 1 for what nobody foresaw, with where it came from', async () => {
    expect(await failing(new TypeError('x is not a function'))).toBe(1)
    expect(stderr).toContain('TypeError: x is not a function\n    at ')
    stderr = ''
    expect(await failing('a text')).toBe(1)
    expect(stderr).toBe('gatehouse: a text\n')
  })

  it('is 1 where the database is away, on whichever family of addresses', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' })
    expect(await failing(refused)).toBe(1)
    expect(stderr).toBe('gatehouse: the database cannot be asked: connect ECONNREFUSED 127.0.0.1:5432\n')
    stderr = ''
    const both = Object.assign(new AggregateError([refused, new Error('connect ECONNREFUSED ::1:5432')]), {
      code: 'ECONNREFUSED',
    })
    expect(await failing(both)).toBe(1)
    expect(stderr).toContain('ECONNREFUSED 127.0.0.1:5432; connect ECONNREFUSED ::1:5432\n')
  })
})
