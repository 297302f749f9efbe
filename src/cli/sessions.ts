// `gatehouse sessions`: open and just-closed sessions.

import type { Command } from 'commander'
import { listSessions } from '../domain/session.ts'
import { canonicalUsername } from '../domain/username.ts'
import { withConfiguredDatabase } from './database.ts'
import { printJson, printTable } from './output.ts'

type Options = { online?: true; username?: string; json?: true }

/** Adds the command. */
export function addSessionsCommand(program: Command): void {
  program
    .command('sessions')
    .description('sessions that are open or ended in the last 48 hours, newest first')
    .option('--online', 'only those that are open and were heard of lately')
    .option('--username <username>', 'only those of one subscriber')
    .option('--json')
    .action(run)
}

async function run({ online, username, json }: Options): Promise<void> {
  const filter = {
    ...(online ? { online } : {}),
    ...(username === undefined ? {} : { username: canonicalUsername(username) }),
  }
  const sessions = await withConfiguredDatabase(({ pool, now }) => listSessions(pool, filter, now))
  if (json) {
    printJson(sessions)
    return
  }
  printTable(
    ['USERNAME', 'NAS', 'SESSION', 'ADDRESS', 'MAC', 'INTERFACE', 'SINCE', 'SECONDS', 'IN', 'OUT', 'STATE'],
    sessions.map((session) => [
      session.username,
      session.nas,
      session.service === null ? session.acct_session_id : `${session.acct_session_id} (${session.service})`,
      session.framed_ip ?? session.framed_ipv6_prefix,
      session.mac,
      session.interface,
      new Date(session.started_at),
      session.session_time,
      session.input_octets,
      session.output_octets,
      stateOf(session),
    ]),
    online ? 'nobody is online' : 'there are no sessions',
  )
}

/** Open without a sign of life: the router has gone, or its reports do not arrive. */
function stateOf({ online, ended_at: endedAt, ended_by: endedBy }: SessionState): string {
  if (endedAt !== null) return `ended (${endedBy ?? 'unknown'})`
  return online ? 'online' : 'open, not heard of'
}

type SessionState = { online: boolean; ended_at: string | null; ended_by: string | null }
