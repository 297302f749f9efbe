// `gatehouse nas doctor`: what is wrong with a device and its configuration, with the command that mends it.

import type { Command } from 'commander'
import { showNas } from '../domain/nas-device.ts'
import { diagnose } from '../jobs/doctor.ts'
import type { Diagnosis } from '../nas/doctor/finding.ts'
import { withConfiguredDatabase } from './database.ts'
import { printJson, printLine, printTable } from './output.ts'
import { CommandFailedError } from './run.ts'

/** Adds it to the commands of the noun `nas`. */
export function addNasDoctorCommand(nas: Command): void {
  nas
    .command('doctor')
    .description('what is wrong with a device, with the command that mends it; fails where something is')
    .argument('<name>')
    .option('--json')
    .action(doctor)
}

async function doctor(name: string, { json }: { json?: true }): Promise<void> {
  const diagnosis = await withConfiguredDatabase(async ({ db, pool, keyring, now, config }) => {
    const { id } = await showNas(db, name)
    const radiusPorts = { auth: config.authPort, acct: config.acctPort }
    return diagnose({ pool, keyring: await keyring(), now, radiusPorts }, id)
  })
  if (diagnosis === undefined) throw new CommandFailedError(`NAS ${name} was removed meanwhile`)
  if (json) printJson(diagnosis)
  else print(diagnosis)
  const faults = diagnosis.findings.filter(({ severity }) => severity === 'fault').length
  if (faults > 0) throw new CommandFailedError(`NAS ${name} has ${faults} ${faults === 1 ? 'fault' : 'faults'}`)
}

function print({ findings, notSeen }: Diagnosis): void {
  printTable(
    ['', 'WHAT', 'FINDING'],
    findings.map(({ severity, code, sentence }) => [severity, code, sentence]),
    'nothing could be looked at yet',
  )
  const mends = findings.flatMap(({ severity, code, mend }) =>
    severity === 'ok' || mend === undefined ? [] : [[code, mend] as const],
  )
  if (mends.length > 0) {
    printLine('')
    printTable(['TO MEND', 'DO'], mends, '')
  }
  for (const { what, why, mend } of notSeen) {
    printLine('')
    printLine(`not looked at: ${what}: ${why}${mend === undefined ? '' : `. To have it looked at: ${mend}`}`)
  }
}
