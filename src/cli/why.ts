// `gatehouse why U`: the last decisions about a subscriber, in sentences that can be read out on the telephone.

import type { Command } from 'commander'
import { checkInteger } from '../domain/field.ts'
import { explainAccess } from '../domain/why.ts'
import type { Decision, Explanation } from '../domain/why.ts'
import { withConfiguredDatabase } from './database.ts'
import { cellText, printJson, printLine } from './output.ts'
import { openEnd, presentSubscriber } from './subscriber.ts'

/** Adds the command. */
export function addWhyCommand(program: Command): void {
  program
    .command('why')
    .description('why a subscriber is let in or not: the last decisions, and how things stand')
    .argument('<username>')
    .option('--limit <count>', 'decisions shown (10)')
    .option('--json')
    .action(run)
}

async function run(username: string, options: { limit?: string; json?: true }): Promise<void> {
  const limit = checkInteger('limit', options.limit ?? 10, 1, 1_000)
  const explanation = await withConfiguredDatabase(({ pool, now }) => explainAccess(pool, { username, limit }, now))
  if (options.json) {
    const { subscriber, decisions, ...rest } = explanation
    const reasons = decisions.map((decision) => ({ ...decision, count: decision.count.toString() }))
    printJson({
      ...rest,
      subscriber: subscriber === undefined ? null : presentSubscriber(subscriber),
      decisions: reasons,
    })
    return
  }
  printStanding(explanation)
  if (explanation.decisions.length === 0) printLine('no access decision about this username is in the log')
  for (const decision of explanation.decisions) printDecision(decision)
  printSimilar(explanation)
}

function printStanding({ username, subscriber }: Explanation): void {
  if (subscriber === undefined) {
    printLine(`no subscriber has the username ${cellText(username)}`)
    return
  }
  const block = subscriber.blockReason === null ? '' : `: ${subscriber.blockReason}`
  const end = `expires: ${cellText(subscriber.expiresAt ?? openEnd(subscriber))}`
  const sessions = subscriber.sessions.map((session) => `${session.acctSessionId} on ${session.nas ?? 'a NAS'}`)
  printLine(`${cellText(subscriber.username)} is ${subscriber.label}${block}; plan ${subscriber.plan}; ${end}`)
  printLine(sessions.length === 0 ? 'no session is open' : `open: ${sessions.join(', ')}`)
}

function printDecision(decision: Decision): void {
  const times = decision.count === 1n ? '' : `, ${decision.count} times since ${cellText(decision.firstAt)}`
  printLine(`\n${cellText(decision.lastAt)}${times}`)
  printLine(`  ${decision.sentence}`)
  if (decision.detail !== null && decision.detail !== '')
    printLine(`  rule: ${decision.reason}; ${cellText(decision.detail)}`)
  else printLine(`  rule: ${decision.reason}`)
  if (decision.mend !== null) printLine(`  mend: ${decision.mend}`)
  const from = [
    `method ${decision.method}`,
    decision.nas === null ? undefined : `NAS ${decision.nas}`,
    decision.line === null ? undefined : `line ${decision.line}`,
    decision.interface === null ? undefined : `interface ${decision.interface}`,
  ]
  printLine(`  ${cellText(from.filter((part) => part !== undefined).join(', '))}`)
  for (const text of replyTexts(decision.reply)) printLine(`    ${cellText(text)}`)
}

/** The log keeps a reply as texts, as names with values, or as a list of both. */
function replyTexts(reply: unknown): string[] {
  if (Array.isArray(reply)) return reply.flatMap(replyTexts)
  if (typeof reply === 'string') return [reply]
  if (typeof reply !== 'object' || reply === null) return []
  if ('name' in reply && 'value' in reply) return [`${String(reply.name)} = ${String(reply.value)}`]
  return Object.entries(reply).map(
    ([name, value]) => `${name} = ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
}

function printSimilar({ similar }: Explanation): void {
  if (similar.length === 0) return
  printLine('')
  for (const { username, known, lastRefusedAt } of similar) {
    const what = known
      ? 'is a subscriber of a similar name'
      : `is not known and was refused, last at ${cellText(lastRefusedAt)}`
    printLine(`${cellText(username)} ${what}`)
  }
}
