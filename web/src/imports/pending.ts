// The file that is being imported, from choosing it until it is written. It stays in the memory of this page alone; how it is to be
// read is kept in the tab, so that the same file, chosen again after a reload, is read alike.
import { postImports } from '../api/generated/sdk.gen.ts'
import type { PostImportsData } from '../api/generated/types.gen.ts'
import type { Meanings, Mode } from './mapping.ts'
import { typeOf } from './sample.ts'

export type Options = { mode: Mode; partial: boolean; mapping: string | undefined }
export type Pending = { file: File; meanings: Meanings | undefined; options: Options }

let current: Pending | undefined

export function keepPending(pending: Pending | undefined): void {
  current = pending
}
export function pendingNow(): Pending | undefined {
  return current
}

const files = new Map<number, File>()
const mappingAt = (runId: number) => `gatehouse.import.${runId}.mapping`

/** The file of a run, where this page has sent it. */
export function fileOfRun(runId: number): File | undefined {
  return files.get(runId)
}
export function mappingOfRun(runId: number): string | undefined {
  return sessionStorage.getItem(mappingAt(runId)) ?? undefined
}

/** Sends the file, to be checked or to be written. */
export async function sendFile(
  file: File,
  options: Options,
  more: { dryRun: boolean; again?: boolean; signal?: AbortSignal },
) {
  const { mode, partial, mapping } = options
  const query: PostImportsData['query'] = {
    mode,
    partial: `${partial}`,
    dry_run: `${more.dryRun}`,
    again: `${more.again === true}`,
    ...(mapping !== undefined && { mapping }),
  }
  const headers = { 'Content-Type': typeOf(file) ?? 'text/csv' }
  const { data } = await postImports({
    body: file,
    query,
    headers,
    ...(more.signal && { signal: more.signal }),
    throwOnError: true,
  })
  files.set(data.id, file)
  if (mapping !== undefined) sessionStorage.setItem(mappingAt(data.id), mapping)
  return data
}
