// The API as the panel asks it: the generated calls, with the header that says that it was our own page, and problems as errors.
import { client } from './generated/client.gen.ts'
import type { Problem } from './generated/types.gen.ts'

/** What the API refused, in its own words; `errors` name the fields of a form. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }

  get code(): Problem['code'] {
    return this.problem.code
  }

  /** It names fields, which a form shows where they are. */
  get isOfFields(): boolean {
    return (this.problem.errors ?? []).length > 0
  }

  /** By field, as a form shows them. */
  get fields(): Record<string, string> {
    return Object.fromEntries((this.problem.errors ?? []).map(({ field, reason }) => [field, reason]))
  }
}

/** There was no answer: the line is down, or the service is. What was typed is kept; it may be asked again. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
}

let onSignedOut: () => void = () => undefined

/** Told when an answer says that nobody is signed in any more. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener
}

client.setConfig({
  baseUrl: '/api/v1',
  throwOnError: true,
  headers: { 'x-gatehouse': '1' },
  credentials: 'same-origin',
})
client.interceptors.error.use((error, response) => {
  if (response === undefined) return new NoAnswerError(String(error))
  if (!isProblem(error)) return new NoAnswerError(`an answer of status ${response.status}`)
  if (error.code === 'not-signed-in') onSignedOut()
  return new ApiError(error)
})

function isProblem(error: unknown): error is Problem {
  return typeof error === 'object' && error !== null && 'code' in error && 'request_id' in error
}
