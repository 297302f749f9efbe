// Reading a subscriber to change it, and saving what was changed: where somebody else was faster, what they changed is told, and
// nothing is written over it.
import { ApiError } from '../../api/client.ts'
import { getSubscribersId, patchSubscribersId } from '../../api/generated/sdk.gen.ts'
import { differences, patchBody, valuesOf, type FieldName, type FormValues, type Subscriber } from './values.ts'

/** A subscriber as it was read, with the version that says which reading it was. */
export type Read = { subscriber: Subscriber; values: FormValues; version: string }

export async function readToEdit(id: number): Promise<Read> {
  const { data, response } = await getSubscribersId({ path: { id: String(id) }, throwOnError: true })
  return { subscriber: data, values: valuesOf(data), version: response.headers.get('etag') ?? '' }
}

/** Fields of the form are not as they were read. */
export class MeanwhileError extends Error {
  override readonly name = 'MeanwhileError'
  readonly fresh: Read

  constructor(fresh: Read) {
    super('somebody has changed it since it was read')
    this.fresh = fresh
  }
}

/** Saves these fields. What else changes in a row, such as when it was last seen, stands against nothing. */
export async function saveEdit(begun: Read, values: FormValues, names: readonly FieldName[]): Promise<Subscriber> {
  let version = begun.version
  for (let attempt = 1; ; attempt += 1) {
    try {
      const headers = { 'If-Match': version }
      const body = patchBody(values, names)
      return (
        await patchSubscribersId({ path: { id: String(begun.subscriber.id) }, body, headers, throwOnError: true })
      ).data
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'changed-meanwhile' || attempt > 3) throw error
      const fresh = await readToEdit(begun.subscriber.id)
      if (differences(begun.values, fresh.values).length > 0) throw new MeanwhileError(fresh)
      version = fresh.version
    }
  }
}
