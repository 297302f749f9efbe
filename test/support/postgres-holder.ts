// A process of its own that uses an embedded Postgres: says what it got as one line of JSON, keeps it until its standard
// input ends, then lets go. As root it may be told to become another user first, as one who had never been root.
//   node test/support/postgres-holder.ts '{"dataDirectory":"…","binaries":"…","uid":65534}'

import { once } from 'node:events'
import { z } from 'zod'
import { startEmbeddedPostgres } from '../../src/db/embedded.ts'
import { silentLog } from './database.ts'

const input = z
  .object({ dataDirectory: z.string(), binaries: z.string(), uid: z.number().optional() })
  .parse(JSON.parse(process.argv[2] ?? ''))

if (input.uid !== undefined && input.uid !== process.getuid?.()) {
  process.setgroups?.([])
  process.setgid?.(input.uid)
  process.setuid?.(input.uid)
}
const server = await startEmbeddedPostgres({
  dataDirectory: input.dataDirectory,
  binaries: input.binaries,
  durable: false,
  log: silentLog,
})
process.stdout.write(`${JSON.stringify({ url: server.url, pid: server.pid, adopted: server.adopted })}\n`)
process.stdin.resume()
await once(process.stdin, 'end')
await server.stop()
