// Subscribers as rows of the last-known snapshot, and a running snapshot of a test database.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSnapshot } from '../../src/aaa/snapshot/snapshot.ts'
import type { RunningSnapshot, SnapshotOptions } from '../../src/aaa/snapshot/snapshot.ts'
import { systemClock } from '../../src/clock.ts'
import { createPool } from '../../src/db/pool.ts'
import { columnCount, columnOf } from '../../src/domain/snapshot-rows.ts'
import type { SnapshotRow } from '../../src/domain/snapshot-rows.ts'
import { createMetrics } from '../../src/metrics.ts'
import { silentLog } from './database.ts'

type Named = Partial<Record<keyof typeof columnOf, string | null>> & { id: string; username: string }

/** A row with these columns; the username is reserved, the others are null. */
export function snapshotRow(columns: Named): SnapshotRow {
  const row = Array<string | null>(columnCount).fill(null)
  for (const [name, value] of Object.entries({ usernameReserved: 't', ...columns })) {
    row[columnOf[name as keyof typeof columnOf]] = value
  }
  return row
}

/** A snapshot that follows a test database, with a folder and connections of its own unless they are named. */
export async function startTestSnapshot(
  url: string,
  options: Pick<SnapshotOptions, 'keyring'> & Partial<SnapshotOptions>,
): Promise<{ snapshot: RunningSnapshot; directory: string; close(): Promise<void> }> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'gatehouse-state-'))
  const pool = createPool(url, { name: 'gatehouse-snapshot', role: 'gatehouse_service', max: 1, hotPath: true })
  const tools = { clock: systemClock, log: silentLog, metrics: createMetrics() }
  const snapshot = await startSnapshot({ pool, directory, ...tools, ...options })
  return {
    snapshot,
    directory,
    async close() {
      await snapshot.close()
      await pool.end()
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true })
    },
  }
}
