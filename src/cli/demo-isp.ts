// Makes the demonstration's ISP where it is not there yet: clients, plans, subscribers, and a past.

import { Readable } from 'node:stream'
import type { Db } from '../db/schema.ts'
import { addClient, listClients } from '../domain/client.ts'
import type { Keyring } from '../domain/data-key.ts'
import { importSubscribers } from '../domain/import/import.ts'
import { addPlan, listPlans } from '../domain/plan.ts'
import type { NewPlan } from '../domain/plan.ts'
import { createAttributeCheck } from './attribute-check.ts'
import { brokenNas, demoNases, demoPlans, demoTrial } from './demo-data.ts'
import { makeDemoPast } from './demo-past.ts'
import { importHeader, importRow, makeDemoSubscribers } from './demo-subscribers.ts'
import type { ImportRow } from './demo-subscribers.ts'
import { CommandFailedError } from './run.ts'

const trialPlan = 'Trial'

/** Makes what is not there yet; running it again changes nothing. */
export async function createDemoIsp(db: Db, keyring: Keyring, now: Date): Promise<void> {
  const clients = new Set((await listClients(db, now)).map(({ name }) => name))
  for (const { name, address, vendor, secret } of [...demoNases, brokenNas]) {
    if (!clients.has(name)) await addClient(db, keyring, { name, address, vendor, secret, patienceMs: 900 }, now)
  }
  if (!clients.has(demoTrial.client.name)) {
    await addClient(db, keyring, { ...demoTrial.client, vendor: 'standard' }, now)
  }
  const known = new Set((await listPlans(db)).map(({ name }) => name))
  const trial: NewPlan = { name: trialPlan, down: '20M', up: '10M', days: 0 }
  for (const { downBps: _down, upBps: _up, ...plan } of [...demoPlans, { ...trial, downBps: 0, upBps: 0 }]) {
    if (!known.has(plan.name)) await addPlan(db, plan, createAttributeCheck(), now)
  }
  // The trial plan comes last: where it was there, the subscribers are too.
  if (known.has(trialPlan)) return
  await importDemoSubscribers(db, keyring, now)
  await makeDemoPast(db, keyring, now)
}

async function importDemoSubscribers(db: Db, keyring: Keyring, now: Date): Promise<void> {
  const trial = {
    username: demoTrial.username,
    password: demoTrial.password,
    plan: trialPlan,
    full_name: 'Guest Trial',
  }
  const rows = [...makeDemoSubscribers().map((subscriber) => importRow(subscriber, now)), trial]
  const lines = rows.map((row: ImportRow) => importHeader.map((name) => `"${row[name] ?? ''}"`).join(','))
  const csv = [importHeader.join(','), ...lines].join('\n')
  const result = await importSubscribers(db, keyring, Readable.from([Buffer.from(csv)]), now)
  if (result.kind === 'refused') {
    const [first] = result.errors
    throw new CommandFailedError(`the demonstration's subscribers were refused: ${first?.field} ${first?.reason}`)
  }
}
