// `gatehouse alarm`: what a person has to look at.

import type { Command } from 'commander'
import { clearAlarm, listAlarms } from '../domain/alarm.ts'
import { NotFoundError } from '../domain/field.ts'
import { withConfiguredDatabase } from './database.ts'
import { printJson, printLine, printTable } from './output.ts'

/** Adds the commands of this noun. */
export function addAlarmCommands(program: Command): void {
  const alarm = program.command('alarm').description('what a person has to look at')
  alarm
    .command('list')
    .description('alarms that stand, newest first')
    .option('--all', 'the cleared ones too')
    .option('--json')
    .action(list)
  alarm
    .command('clear')
    .description('clear an alarm that was looked at; the same trouble raises it again')
    .argument('<kind>')
    .argument('<subject>')
    .option('--json')
    .action(clear)
}

async function list({ all, json }: { all?: true; json?: true }): Promise<void> {
  const alarms = await withConfiguredDatabase(({ pool }) => listAlarms(pool, { all: all ?? false }))
  if (json) {
    printJson(alarms)
    return
  }
  printTable(
    ['KIND', 'SUBJECT', 'COUNT', 'SINCE', 'LAST', 'CLEARED', 'WHAT'],
    alarms.map((alarm) => [
      alarm.kind,
      alarm.subject,
      alarm.count,
      alarm.firstAt,
      alarm.lastAt,
      alarm.clearedAt,
      alarm.text,
    ]),
    'no alarm stands',
  )
}

async function clear(kind: string, subject: string, { json }: { json?: true }): Promise<void> {
  const cleared = await withConfiguredDatabase(({ db, now }) => clearAlarm(db, { kind, subject }, now))
  if (!cleared) throw new NotFoundError('standing alarm', `${kind} ${subject}`)
  if (json) printJson({ kind, subject, cleared })
  else printLine(`alarm ${kind} of ${subject} cleared`)
}
