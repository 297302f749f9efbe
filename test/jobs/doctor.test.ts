// The doctor as a run that somebody asked for: carried out by the worker, its findings in the row.
import { expect, it } from 'vitest'
import { createTestClock } from '../../src/clock.ts'
import { changeNasSettings } from '../../src/domain/nas-settings.ts'
import { askRun, readRun } from '../../src/domain/router-run.ts'
import { everything } from '../../src/domain/scope.ts'
import { diagnose } from '../../src/jobs/doctor.ts'
import { routerRunWorker } from '../../src/jobs/router-runs.ts'
import { healthyTables } from '../support/doctor.ts'
import { noon, useOffice } from '../support/operator.ts'
import { closeRoutersAfterEach, makeNas, nasWithRouter } from '../support/routers.ts'

const office = useOffice()
closeRoutersAfterEach()

async function run(name: string, radiusPorts?: { auth: number; acct: number }) {
  await changeNasSettings(office.db, name, { coa: false, disconnect: false })
  const { id } = await askRun(office.db, { nas: name, kind: 'doctor' }, office.author, noon)
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const { pool, db, keyring } = office
  const context = { pool, db, keyring, clock: createTestClock(noon), log, instance: 'a', radiusPorts }
  await routerRunWorker().work(context as never, new AbortController().signal)
  return readRun(office.db, id, everything)
}

const health = { server: '127.0.0.1', acctPort: 1813, coaPort: 3799, identity: 'bng', at: noon }

it('leaves its findings in the run, also where there is no way into the router', async () => {
  const nas = await makeNas(office)
  expect(await run(nas.name)).toMatchObject({
    state: 'done',
    error: null,
    result: {
      nas: nas.name,
      vendor: 'mikrotik',
      severity: 'fault',
      at: noon.toISOString(),
      findings: [{ code: 'never-heard', severity: 'fault' }, { code: 'unknown-source' }, {}, {}, { code: 'coa' }],
      not_seen: [{ what: 'how the router itself is set up' }],
    },
  })
})

it('holds the router against the ports at which we listen', async () => {
  const { nas } = await nasWithRouter(office, healthyTables(health))
  const faults = async (ports?: { auth: number; acct: number }) => {
    const { result } = await run(nas.name, ports)
    const { findings } = result as { findings: { code: string; severity: string }[] }
    return findings.filter(({ severity }) => severity === 'fault').map(({ code }) => code)
  }
  expect(await faults()).toEqual(['never-heard'])
  expect(await faults({ auth: 11_812, acct: 11_813 })).toEqual(['never-heard', 'router-accounting-port'])
})

it('has nothing to say of a NAS that is not there', async () => {
  expect(await diagnose({ pool: office.pool, keyring: office.keyring, now: noon }, 999_999n)).toBeUndefined()
})
