// A keyring for a test database, with its key file in a folder of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from '../../src/db/pool.ts'
import { openKeyring, type Keyring } from '../../src/domain/data-key.ts'

/** Opens (or makes) the keyring of a test database, with its key file in a folder of its own. */
export async function openTestKeyring(pool: Pool): Promise<{ keyring: Keyring; keyFile: string; remove(): void }> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-key-'))
  const keyFile = join(directory, 'gatehouse.key')
  const keyring = await openKeyring(pool, keyFile, new Date())
  return { keyring, keyFile, remove: () => rmSync(directory, { recursive: true, force: true }) }
}
