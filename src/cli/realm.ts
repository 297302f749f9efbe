// `gatehouse realm`: what becomes of `name@realm` and `DOMAIN\name`.

import type { Command } from 'commander'
import { addRealm, listRealms, removeRealm } from '../domain/realm.ts'
import { withConfiguredDatabase } from './database.ts'
import { printJson, printLine, printTable } from './output.ts'

/** Adds the commands of this noun. */
export function addRealmCommands(program: Command): void {
  const realm = program.command('realm').description('what becomes of name@realm and DOMAIN\\name')
  realm
    .command('add')
    .description('strip: look the name up without its realm; keep: whole; refuse; forward: ask a pool of home servers')
    .argument('<name>', `the realm; '' for usernames without one`)
    .requiredOption('--action <action>', 'strip, keep, refuse or forward')
    .option('--pool <pool>', 'with forward: the home servers to ask')
    .option('--json')
    .action(add)
  realm.command('list').description('all realms').option('--json').action(list)
  realm
    .command('remove')
    .description('forget a realm: its usernames are looked up whole again')
    .argument('<name>')
    .action(remove)
}

async function add(name: string, options: { action: string; pool?: string; json?: true }): Promise<void> {
  const { json, ...input } = options
  const added = await withConfiguredDatabase(({ db, now }) => addRealm(db, { name, ...input }, now))
  if (json) printJson({ ...added, ...input })
  else printLine(`realm ${shown(added.name)} added: ${[input.action, input.pool].filter(Boolean).join(' to ')}`)
}

async function list({ json }: { json?: true }): Promise<void> {
  const realms = await withConfiguredDatabase(({ db }) => listRealms(db))
  if (json) {
    printJson(realms)
    return
  }
  printTable(
    ['REALM', 'ACTION', 'POOL'],
    realms.map((realm) => [shown(realm.name), realm.action, realm.pool]),
    'there are no realms: usernames are looked up by the rule of their NAS',
  )
}

async function remove(name: string): Promise<void> {
  await withConfiguredDatabase(({ db }) => removeRealm(db, name))
  printLine(`realm ${shown(name)} removed`)
}

function shown(name: string): string {
  return name === '' ? '(none)' : name
}
