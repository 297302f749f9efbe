// The catalogue of problems: what can go wrong at the API, with its status and title, as application/problem+json (RFC 9457),
// and how errors of the domain are told in it. Texts come from here or from errors made for people; never a stack or SQL.

import { ZodError } from 'zod'
import { isUnavailable, isUniqueViolation, PoolBusyError, sqlState, sqlStateOf } from '../db/errors.ts'
import { ForbiddenError } from '../domain/author.ts'
import { ConflictError, FieldError, NotFoundError } from '../domain/field.ts'
import { AboveError } from '../domain/operator/rank.ts'
import { ChangedMeanwhileError } from '../domain/operator/row-version.ts'

/** Every problem by its code. `docs/http/problems.md` explains each; a test compares. */
export const problems = {
  'invalid-request': { status: 400, title: 'The request does not have the form that it must have' },
  'not-signed-in': { status: 401, title: 'Nobody is signed in' },
  'wrong-credentials': { status: 401, title: 'Name, password or code are wrong' },
  'second-factor-needed': { status: 401, title: 'The second factor is still owed' },
  'password-change-needed': { status: 403, title: 'The password must be changed first' },
  forbidden: { status: 403, title: 'This is not permitted' },
  'recent-proof-needed': { status: 403, title: 'Prove once more who you are' },
  'foreign-origin': { status: 403, title: 'The request comes from a page of another origin' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'This cannot be done here' },
  conflict: { status: 409, title: 'Something else stands against it' },
  'changed-meanwhile': { status: 412, title: 'Somebody has changed it since you read it' },
  'too-large': { status: 413, title: 'The request is too large' },
  'wrong-content-type': { status: 415, title: 'The content is not of a type that is taken here' },
  'invalid-field': { status: 422, title: 'A field has a value that cannot be' },
  'key-reused': { status: 422, title: 'The Idempotency-Key was used for another request' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  'database-away': { status: 503, title: 'The database cannot be asked at the moment' },
  overloaded: { status: 503, title: 'Too many questions wait for the database' },
  'too-slow': { status: 503, title: 'The question took too long to answer' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemCode = keyof typeof problems
export type FieldProblem = { field: string; reason: string }

/** Seconds: most restarts of a database take less. */
const comeAgain = { 'Retry-After': '5' }

/** A problem that a handler names itself. What is 503 has a Retry-After. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly errors: readonly FieldProblem[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ProblemCode,
    detail?: string,
    more: { errors?: readonly FieldProblem[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail ?? problems[code].title)
    this.code = code
    this.errors = more.errors ?? []
    this.headers = more.headers ?? (problems[code].status === 503 ? comeAgain : {})
  }
}

/** The problem that an error of any kind is told as. What nobody foresaw is `internal`, without a word of it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof ZodError) return invalidRequest(error)
  if (error instanceof FieldError) return withField('invalid-field', error.field, error.reason)
  if (error instanceof AboveError) return withField('forbidden', error.field, error.reason)
  if (error instanceof ChangedMeanwhileError) return new Problem('changed-meanwhile')
  if (error instanceof ConflictError) return withField('conflict', error.field, error.reason)
  if (error instanceof NotFoundError) return new Problem('not-found', error.message)
  if (error instanceof ForbiddenError) return new Problem('forbidden', error.message)
  return ofExpress(error) ?? ofDatabase(error) ?? new Problem('internal')
}

function withField(code: ProblemCode, field: string, reason: string): Problem {
  const name = field.replaceAll('-', '_')
  return new Problem(code, `${name}: ${reason}`, { errors: [{ field: name, reason }] })
}

function invalidRequest(error: ZodError): Problem {
  const errors = error.issues.slice(0, 20).map((issue) => ({
    field: issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]].join('.') : issue.path.join('.'),
    reason: issue.code === 'unrecognized_keys' ? 'is not known here' : issue.message,
  }))
  const [first] = errors
  return new Problem('invalid-request', first && `${first.field}: ${first.reason}`, { errors })
}

/** express.json and its like say what was wrong by a status below 500; the router does for paths that cannot be decoded. */
function ofExpress(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('status' in error)) return undefined
  if (error.status === 413) return new Problem('too-large')
  if (error.status === 415) return new Problem('wrong-content-type')
  if (error.status !== 400) return undefined
  const isOfBody = 'type' in error
  return new Problem(
    'invalid-request',
    isOfBody ? 'the body is not valid JSON' : 'the path or the body cannot be decoded',
  )
}

function ofDatabase(error: unknown): Problem | undefined {
  if (error instanceof PoolBusyError) return new Problem('overloaded')
  const state = sqlStateOf(error)
  if (state === sqlState.queryCanceled || state === sqlState.lockNotAvailable) return new Problem('too-slow')
  if (isUnavailable(error)) return new Problem('database-away')
  // character_not_in_repertoire, untranslatable_character: Postgres keeps no NUL.
  if (state === '22021' || state === '22P05') return new Problem('invalid-request', 'a text holds a NUL character')
  if (isUniqueViolation(error)) return new Problem('conflict', 'somebody was faster: this exists now')
  if (state === sqlState.foreignKeyViolation)
    return new Problem('conflict', 'something that it refers to, or that refers to it')
  if (state === sqlState.serializationFailure || state === sqlState.deadlockDetected) {
    return new Problem('conflict', 'somebody else changed the same thing: try again')
  }
  return undefined
}
