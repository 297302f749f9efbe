// The version of what somebody reads and then changes: a digest of the values themselves, so that it differs exactly when they do.

import { createHash } from 'node:crypto'

/** Somebody else has changed the row since it was read. */
export class ChangedMeanwhileError extends Error {
  override readonly name = 'ChangedMeanwhileError'

  constructor() {
    super('somebody has changed it since you read it')
  }
}

/** The version of these values, as ETag has it. */
export function versionOf(values: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(Object.entries(values), (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}

/** Throws ChangedMeanwhileError where a version was named (If-Match) that is not this one. `*` is any. */
export function requireVersion(ifMatch: string | undefined, version: string): void {
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== version) throw new ChangedMeanwhileError()
}
