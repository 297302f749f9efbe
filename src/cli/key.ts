// `gatehouse key`: what keys there are, and how they are replaced while everybody goes on working. No key is ever printed.

import { userInfo } from 'node:os'
import type { Command } from 'commander'
import { ownAuthor } from '../domain/author.ts'
import type { Author } from '../domain/author.ts'
import {
  addDataKey,
  listDataKeys,
  prepareKeyFile,
  reportReseal,
  resealSecrets,
  rotateKeyFile,
} from '../domain/key-rotation.ts'
import { FieldError } from '../domain/field.ts'
import { withConfiguredDatabase } from './database.ts'
import type { Workplace } from './database.ts'
import { printJson, printLine, printTable, printWarning } from './output.ts'

/** Adds the commands of this noun. */
export function addKeyCommands(program: Command): void {
  const key = program.command('key').description('the keys that seal secrets in the database')
  key.command('list').description('data keys, and how much is under each').option('--json').action(list)
  key
    .command('new-data-key')
    .description('announce a new data key, which seals from a moment later on')
    .option('--notice <seconds>', 'until it seals: every process must have read it by then', '60')
    .option('--json')
    .action(add)
  key
    .command('reseal')
    .description('seal what older data keys sealed with the current one; may be interrupted and begun again')
    .option('--json')
    .action(reseal)
  key
    .command('rotate-key-file')
    .description('put a new key file in place of the old one; may be interrupted and begun again')
    .option('--prepare', 'only write the new one beside it, to be copied to the other machines first')
    .option('--json')
    .action(rotate)
}

/** The trail says which account of the machine it was. */
async function authorOf(place: Workplace): Promise<Author> {
  return ownAuthor('command-line', userInfo().username, await place.keyring())
}

async function list({ json }: { json?: true }): Promise<void> {
  const keys = await withConfiguredDatabase(async ({ pool, keyring, now }) => listDataKeys(pool, await keyring(), now))
  if (json) {
    printJson(keys)
    return
  }
  printTable(
    ['ID', 'STATE', 'MADE', 'SEALS FROM', 'KEY FILE', 'SEALED', 'VERIFIERS'],
    keys.map((row) => [row.id, row.state, row.createdAt, row.sealsFrom, row.keyFile, row.sealed, row.verifiers]),
    '',
  )
}

async function add({ notice, json }: { notice: string; json?: true }): Promise<void> {
  const noticeS = Number(notice)
  if (!/^\d{1,6}$/.test(notice) || noticeS < 5) throw new FieldError('notice', 'must be seconds, at least 5')
  const added = await withConfiguredDatabase(async (place) => {
    const by = await authorOf(place)
    const places = { ...place, keyring: by.keyring, keyFile: place.config.keyFile }
    return addDataKey(places, { noticeS }, by, place.now)
  })
  if (json) printJson(added)
  else printLine(`data key ${added.id} seals from ${added.sealsFrom.toISOString()}; then: gatehouse key reseal`)
}

async function reseal({ json }: { json?: true }): Promise<void> {
  const result = await withConfiguredDatabase(async (place) => {
    const by = await authorOf(place)
    return resealSecrets({ ...place, keyring: by.keyring }, by, place.now)
  })
  if (json) {
    printJson(reportReseal(result))
    return
  }
  if (result.kind === 'coming') {
    printLine(`data key ${result.id} seals from ${result.sealsFrom.toISOString()} on: call this again then`)
    return
  }
  printLine(`${result.resealed} values sealed anew; retired data keys: ${result.retired.join(', ') || 'none'}`)
  for (const { id, verifiers } of result.kept) {
    printLine(`data key ${id} stays: ${verifiers} one-way verifiers can be made anew by their passwords alone`)
  }
  if (result.unopened.length > 0) {
    printWarning(`${result.unopened.length} values cannot be opened and stay as they are; --json names them`)
  }
}

async function rotate({ prepare, json }: { prepare?: true; json?: true }): Promise<void> {
  await withConfiguredDatabase(async (place) => {
    const { keyFile } = place.config
    if (prepare) {
      const prepared = await prepareKeyFile(place.pool, keyFile)
      if (json) printJson(prepared)
      else printLine(`${prepared.file} waits: copy it to the other machines, then call this without --prepare on each`)
      return
    }
    const rotated = await rotateKeyFile({ ...place, keyFile }, await authorOf(place), place.now)
    if (json) {
      printJson(rotated)
      return
    }
    printLine(`${keyFile} is the new key ${rotated.fingerprint}; ${rotated.wrapped} data keys wrapped with it`)
    if (rotated.old !== undefined) printLine(`${rotated.old} opens older backups: keep it apart from them, not here`)
  })
}
