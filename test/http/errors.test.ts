// How each error is told: the whole catalogue, errors of the domain, of the body, of Postgres; and never a word of what nobody
// foresaw.
import { DatabaseError } from 'pg'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { PoolBusyError } from '../../src/db/errors.ts'
import { ForbiddenError } from '../../src/domain/author.ts'
import { ConflictError, FieldError, NotFoundError } from '../../src/domain/field.ts'
import { AboveError } from '../../src/domain/operator/rank.ts'
import { ChangedMeanwhileError } from '../../src/domain/operator/row-version.ts'
import { Problem, problemOf, problems } from '../../src/http/errors.ts'

function ofPostgres(code: string, message = 'relation "secret_table" is wrong'): DatabaseError {
  return Object.assign(new DatabaseError(message, message.length, 'error'), { code })
}
const system = (code: string) => Object.assign(new Error(`connect ${code} 10.0.0.5:5432`), { code })
const ofBody = (status: number, type: string) =>
  Object.assign(new Error('Unexpected token < in JSON'), { status, type })

describe('an error', () => {
  it.each([
    ['FieldError', new FieldError('phone', 'is no phone number'), 'invalid-field', 'phone'],
    ['ConflictError', new ConflictError('username', 'there is one already'), 'conflict', 'username'],
    ['AboveError', new AboveError('role', 'is above yours'), 'forbidden', 'role'],
    ['NotFoundError', new NotFoundError('plan', 'x'), 'not-found', undefined],
    ['ForbiddenError', new ForbiddenError('money.read'), 'forbidden', undefined],
    ['ChangedMeanwhileError', new ChangedMeanwhileError(), 'changed-meanwhile', undefined],
    ['a body that is too large', ofBody(413, 'entity.too.large'), 'too-large', undefined],
    ['a body of another type', ofBody(415, 'encoding.unsupported'), 'wrong-content-type', undefined],
    ['a body that is no JSON', ofBody(400, 'entity.parse.failed'), 'invalid-request', undefined],
    [
      'a path that cannot be decoded',
      Object.assign(new URIError('/secret/%E0'), { status: 400 }),
      'invalid-request',
      undefined,
    ],
    [
      'a body that is packed badly',
      Object.assign(new Error('secret'), { status: 400, code: 'Z_DATA_ERROR' }),
      'invalid-request',
      undefined,
    ],
    [
      'a status of a library that is no refusal',
      Object.assign(new Error('secret'), { status: 502 }),
      'internal',
      undefined,
    ],
    ['a statement that took too long', ofPostgres('57014'), 'too-slow', undefined],
    ['a NUL', ofPostgres('22021'), 'invalid-request', undefined],
    ['a NUL in JSON', ofPostgres('22P05'), 'invalid-request', undefined],
    ['a broken unique constraint', ofPostgres('23505'), 'conflict', undefined],
    ['a broken foreign key', ofPostgres('23503'), 'conflict', undefined],
    ['a deadlock', ofPostgres('40P01'), 'conflict', undefined],
    ['a serialization failure', ofPostgres('40001'), 'conflict', undefined],
    ['a database that starts', ofPostgres('57P03'), 'database-away', undefined],
    ['a database that was stopped', ofPostgres('57P01'), 'database-away', undefined],
    ['a full disk', ofPostgres('53100'), 'database-away', undefined],
    ['a refused connection', system('ECONNREFUSED'), 'database-away', undefined],
    ['a reset connection', system('ECONNRESET'), 'database-away', undefined],
    ['pg that waited in vain', new Error('timeout exceeded when trying to connect'), 'database-away', undefined],
    ['a lock that somebody holds', ofPostgres('55P03'), 'too-slow', undefined],
    ['a pool in which too many wait', new PoolBusyError('200 wait'), 'overloaded', undefined],
    ['a wrong column', ofPostgres('42703'), 'internal', undefined],
    ['a refused table', ofPostgres('42501', 'permission denied for table secret_table'), 'internal', undefined],
    ['a TypeError', new TypeError("Cannot read properties of undefined (reading 'secret')"), 'internal', undefined],
    ['a text', 'a secret text', 'internal', undefined],
    ['nothing', undefined, 'internal', undefined],
  ] as const)('%s is told as its problem', (_what, error, code, field) => {
    const problem = problemOf(error)
    expect(problem.code).toBe(code)
    expect(problem.errors.map((one) => one.field)).toEqual(field === undefined ? [] : [field])
    expect(problem.message).not.toMatch(/secret|10\.0\.0\.5|Unexpected token|at .*\.ts/)
  })

  it('of 503 says when to come again', () => {
    for (const code of ['database-away', 'overloaded', 'too-slow'] as const) {
      expect(new Problem(code).headers).toEqual({ 'Retry-After': '5' })
    }
    expect(new Problem('internal').headers).toEqual({})
  })

  it('of a field has its name in snake_case, as the body has it', () => {
    expect(problemOf(new FieldError('grace-hours', 'is not a number'))).toMatchObject({
      message: 'grace_hours: is not a number',
      errors: [{ field: 'grace_hours', reason: 'is not a number' }],
    })
  })

  it('that is a problem already stays the same', () => {
    const problem = new Problem('too-many-requests', 'later', { headers: { 'Retry-After': '3' } })
    expect(problemOf(problem)).toBe(problem)
    expect(new Problem('key-reused').message).toBe(problems['key-reused'].title)
  })
})

describe('a request of the wrong form', () => {
  const schema = z.strictObject({ name: z.string(), rates: z.array(z.strictObject({ down: z.int() })) })
  const told = (value: unknown) => problemOf(schema.safeParse(value).error!)

  it('names each field by its path, the unknown ones too', () => {
    expect(told({ name: 1, rates: [{ down: 'x' }, { down: 1, up: 2 }], colour: 'red' }).errors).toEqual([
      { field: 'name', reason: expect.any(String) },
      { field: 'rates.0.down', reason: expect.any(String) },
      { field: 'rates.1.up', reason: 'is not known here' },
      { field: 'colour', reason: 'is not known here' },
    ])
  })

  it('names twenty at most, however many there are', () => {
    const rates = Array.from({ length: 500 }, () => ({ down: 'x' }))
    expect(told({ name: 'x', rates }).errors).toHaveLength(20)
  })

  it('does not repeat what was sent', () => {
    const problem = told({ name: { password: 'canary' }, rates: 'canary' })
    expect(JSON.stringify([problem.message, problem.errors])).not.toContain('canary')
  })
})
