// `gatehouse operator`: people of the panel, for the first of them and for when nobody can sign in any more. Passwords are made
// up here and shown once; the operator changes it when signing in.

import { userInfo } from 'node:os'
import type { Command } from 'commander'
import { inTransaction } from '../db/transaction.ts'
import { ownAuthor } from '../domain/author.ts'
import type { Author } from '../domain/author.ts'
import { addOperator, editOperator } from '../domain/operator/operator.ts'
import { resetOperatorPassword, resetSecondFactor } from '../domain/operator/operator-deed.ts'
import { findOperatorId, listOperators } from '../domain/operator/operator-list.ts'
import type { OperatorListed } from '../domain/operator/operator-list.ts'
import { hashPassword } from '../domain/operator/password-hash.ts'
import { findRoleId } from '../domain/operator/role.ts'
import { findOwner } from '../domain/organisation.ts'
import { everything } from '../domain/scope.ts'
import { makePassword } from '../domain/secret.ts'
import { withConfiguredDatabase } from './database.ts'
import type { Workplace } from './database.ts'
import { printJson, printLine, printTable } from './output.ts'

type AddOptions = { name: string; email: string; role: string; organisation?: string; json?: true }

/** Adds the commands of this noun. */
export function addOperatorCommands(program: Command): void {
  const operator = program.command('operator').description('people of the panel and what they may do')
  operator
    .command('add')
    .description('add an operator with a made-up password, which is shown once and must be changed')
    .requiredOption('--name <name>')
    .requiredOption('--email <address>', 'the login')
    .option('--role <name>', 'built in or of your own', 'super-administrator')
    .option('--organisation <name>', 'a reseller; default the ISP')
    .option('--json')
    .action(add)
  operator.command('list').description('all operators').option('--json').action(list)
  operator
    .command('reset-password')
    .description('make up a new password, shown once; everybody signed in with the old one is out')
    .argument('<email>')
    .option('--second-factor', 'free them of their second factor too')
    .option('--json')
    .action(resetPassword)
  operator
    .command('disable')
    .description('refuse an operator; sessions end and API tokens are revoked at once')
    .argument('<email>')
    .action((email: string) => setEnabled(email, false))
  operator
    .command('enable')
    .description('let a disabled operator sign in again')
    .argument('<email>')
    .action((email: string) => setEnabled(email, true))
}

/** Who has the server's command line may everything; the trail says which account of the machine it was. */
async function authorOf(place: Workplace): Promise<Author> {
  return ownAuthor('command-line', userInfo().username, await place.keyring())
}

async function add({ name, email, role, organisation, json }: AddOptions): Promise<void> {
  const password = makePassword()
  const passwordHash = await hashPassword(password)
  const { id } = await withConfiguredDatabase(async (place) => {
    const by = await authorOf(place)
    return inTransaction(place.db, async (trx) => {
      const [roleId, organisationId] = [await findRoleId(trx, role), await findOwner(trx, organisation)]
      return addOperator(trx, { name, email, roleId, organisationId, passwordHash }, by, place.now)
    })
  })
  if (json) printJson({ id, email, role, password })
  else printLine(`operator ${email} added as ${role}; password ${password}`)
}

async function list({ json }: { json?: true }): Promise<void> {
  const operators = await withConfiguredDatabase(({ db, now }) => readAll(db, now))
  if (json) {
    printJson(operators)
    return
  }
  printTable(
    ['E-MAIL', 'NAME', 'ROLE', 'ORGANISATION', 'ENABLED', 'SECOND FACTOR', 'LAST LOGIN'],
    operators.map((one) => [
      one.email,
      one.name,
      one.role,
      one.organisation,
      one.enabled,
      one.secondFactor,
      one.lastLoginAt,
    ]),
    'there is no operator yet: gatehouse operator add',
  )
}

async function readAll(db: Workplace['db'], now: Date): Promise<OperatorListed[]> {
  const question = { filter: {}, sort: 'email', descending: false, after: undefined, limit: 100_000 } as const
  return (await listOperators(db, question, everything, now)).items
}

async function resetPassword(email: string, options: { secondFactor?: true; json?: true }): Promise<void> {
  const password = makePassword()
  const passwordHash = await hashPassword(password)
  await withConfiguredDatabase(async (place) => {
    const by = await authorOf(place)
    await inTransaction(place.db, async (trx) => {
      const id = await findOperatorId(trx, email)
      await resetOperatorPassword(trx, { id, passwordHash }, by, place.now)
      if (options.secondFactor) await resetSecondFactor(trx, id, by, place.now)
    })
  })
  if (options.json) printJson({ email, password })
  else printLine(`password of ${email} is now ${password}; it must be changed at the next sign-in`)
}

async function setEnabled(email: string, enabled: boolean): Promise<void> {
  await withConfiguredDatabase(async (place) => {
    const by = await authorOf(place)
    await inTransaction(place.db, async (trx) => {
      const id = await findOperatorId(trx, email)
      await editOperator(trx, { id, changes: { enabled }, ifMatch: undefined }, by, place.now)
    })
  })
  printLine(`operator ${email} ${enabled ? 'enabled' : 'disabled'}`)
}
