// Looks for the evidence that acknowledged changes took effect, and tells of NASes that acknowledge and change nothing.
import { raiseAlarm } from '../domain/alarm.ts'
import { clearProvedAlarms, proveChanges } from '../domain/coa-proof.ts'
import type { WorkerContext, WorkerDefinition } from './workers.ts'

const ignoredText =
  'it acknowledges CoA-Requests and changes nothing: its setting coa can be switched off, then changes are made by a Disconnect'

/** One look at all that is not proved. */
export async function proveOrders({ pool, db, clock, log }: Pick<WorkerContext, 'pool' | 'db' | 'clock' | 'log'>) {
  const now = clock.now()
  const proofs = await proveChanges(db, now)
  for (const { nas, sessionId } of proofs.ignored) {
    log.warn({ nas, session: String(sessionId) }, 'a NAS acknowledged a change and made none')
    await raiseAlarm(pool, { kind: 'coa-ignored', subject: nas, text: ignoredText }, now)
  }
  await clearProvedAlarms(db, now)
  return proofs
}

export const proveOrdersWorker: WorkerDefinition = {
  name: 'prove-orders',
  everyMs: 15_000,
  work: async (context) => {
    await proveOrders(context)
    return false
  },
}
