// `gatehouse setting`: policy that holds from the next packet on, without a restart.

import type { Command } from 'commander'
import { readSettings, settingNames, settingValueFromText, writeSetting, writtenSettings } from '../domain/setting.ts'
import { withConfiguredDatabase } from './database.ts'
import { printJson, printLine, printTable } from './output.ts'

/** Adds the commands of this noun. */
export function addSettingCommands(program: Command): void {
  const setting = program.command('setting').description('policy of the whole ISP')
  setting.command('list').description('all settings').option('--json').action(list)
  setting
    .command('set')
    .description('write one setting; lists by commas')
    .argument('<name>')
    .argument('<value>')
    .option('--json')
    .action(set)
}

async function list({ json }: { json?: true }): Promise<void> {
  const { settings, written } = await withConfiguredDatabase(async ({ db }) => ({
    settings: await readSettings(db),
    written: await writtenSettings(db),
  }))
  if (json) {
    printJson(settings)
    return
  }
  printTable(
    ['NAME', 'VALUE', 'FROM'],
    settingNames.map((name) => [name, JSON.stringify(settings[name]), written.has(name) ? 'operator' : 'default']),
    '',
  )
}

async function set(name: string, text: string, { json }: { json?: true }): Promise<void> {
  const settings = await withConfiguredDatabase(async ({ db, now }) => {
    await writeSetting(db, { name, value: settingValueFromText(name, text) }, now)
    return readSettings(db)
  })
  const value = Object.entries(settings).find(([key]) => key === name)?.[1]
  if (json) printJson({ name, value })
  else printLine(`${name} = ${JSON.stringify(value)}`)
}
