// The NAS doctor: what our own books say of a NAS, whether it answers an order now, and where there is access to its router, how
// that is set up. Looks and asks; changes nothing.

import type { Pool } from '../db/pool.ts'
import type { Keyring } from '../domain/data-key.ts'
import { loadNasFacts } from '../domain/doctor/facts.ts'
import type { NasFacts } from '../domain/doctor/facts.ts'
import { RouterAccessError } from '../domain/nas-router.ts'
import { probeOrders } from '../nas/coa-probe.ts'
import { worstFirst } from '../nas/doctor/finding.ts'
import type { Diagnosis, Finding, NotSeen } from '../nas/doctor/finding.ts'
import { judgeOrders } from '../nas/doctor/judge-orders.ts'
import { judgePackets } from '../nas/doctor/judge-packets.ts'
import { judgeRecords } from '../nas/doctor/judge-records.ts'
import { judgeRouter } from '../nas/doctor/judge-router.ts'
import { mendsFor } from '../nas/doctor/mends.ts'
import { readRouterFacts } from '../nas/doctor/router-facts.ts'
import type { Expected } from '../nas/doctor/router-part.ts'
import { RouterError } from '../nas/routeros/router-error.ts'
import { withRouter } from './router-access.ts'
import { CannotRunError, type CarryOutRun, type RadiusPorts } from './router-run.ts'

export type DoctorContext = {
  readonly pool: Pool
  readonly keyring: Keyring
  readonly now: Date
  readonly signal?: AbortSignal
  /** Where we listen; default: 1812 and 1813. */
  readonly radiusPorts?: RadiusPorts | undefined
}

type Seen = { findings: readonly Finding[]; notSeen: readonly NotSeen[] }

/** Looks at a NAS. Undefined where there is no such NAS; a router that cannot be spoken with is a finding. */
export async function diagnose(context: DoctorContext, nasId: bigint): Promise<Diagnosis | undefined> {
  const { pool, keyring, now, radiusPorts: ports = { auth: 1812, acct: 1813 } } = context
  const facts = await loadNasFacts(pool, keyring, nasId, now)
  if (facts === undefined) return undefined
  const { target, sessions } = facts
  const { nas } = target
  const mends = mendsFor({
    vendor: nas.vendor,
    server: target.heardOn,
    authPort: ports.auth,
    acctPort: ports.acct,
    own: target.address,
    coaPort: target.port,
    askedIntervalS: sessions.askedIntervalS,
    identifier: nas.identifier,
  })
  const [probe, router] = await Promise.all([
    probeOrders(target, now, () => performance.now()),
    lookAtRouter(context, facts, { authPort: ports.auth, acctPort: ports.acct }),
  ])
  const orders = judgeOrders(facts, probe, mends)
  const findings = worstFirst([
    ...judgePackets(facts, mends),
    ...judgeRecords(facts, mends),
    ...orders.findings,
    ...router.findings,
  ])
  return {
    nas: nas.name,
    vendor: nas.vendor,
    at: now.toISOString(),
    severity: findings[0]?.severity ?? 'ok',
    findings,
    notSeen: [...orders.notSeen, ...router.notSeen],
  }
}

/** As a run that somebody asked for. */
export const carryOutDoctor: CarryOutRun = async (context, { nasId }) => {
  const result = await diagnose(context, nasId)
  if (result === undefined) throw new CannotRunError('there is no such NAS any more')
  const { notSeen, ...told } = result
  return { result: { ...told, not_seen: notSeen } }
}

async function lookAtRouter(
  context: DoctorContext,
  facts: NasFacts,
  ports: { authPort: number; acctPort: number },
): Promise<Seen> {
  const { nas } = facts.target
  const what = 'how the router itself is set up'
  if (nas.vendor !== 'mikrotik') {
    return { findings: [], notSeen: [{ what, why: `there is no way into a NAS of vendor ${nas.vendor}` }] }
  }
  const mend = `gatehouse nas router ${nas.name} --rest --user gatehouse --password-stdin --pin FINGERPRINT`
  try {
    const used = await withRouter(context, nas.id, context.now, readRouterFacts)
    if (used.kind === 'none') return { findings: [], notSeen: [{ what, why: 'nobody gave us access to it', mend }] }
    return { findings: judgeRouter(used.value, expectedOf(facts, context.now, ports)), notSeen: [] }
  } catch (error) {
    if (!(error instanceof RouterError || error instanceof RouterAccessError)) throw error
    const finding: Finding = {
      code: 'router-unreachable',
      severity: 'fault',
      sentence: `the router cannot be looked at: ${error.message}`,
      mend,
      ...(error instanceof RouterError ? { evidence: { kind: error.kind } } : {}),
    }
    return { findings: [finding], notSeen: [{ what, why: 'the router cannot be looked at', mend }] }
  }
}

function expectedOf(
  { target, client, sessions }: NasFacts,
  at: Date,
  ports: { authPort: number; acctPort: number },
): Expected {
  const { nas, heardOn, port } = target
  return {
    ...ports,
    at,
    server: heardOn,
    coaPort: port,
    identifier: nas.identifier,
    source: client.onlyHost ? client.prefix.replace(/\/.*/, '') : undefined,
    askedIntervalS: sessions.askedIntervalS,
    staleAfterS: Math.round(nas.settings.stale_factor * sessions.askedIntervalS),
    accessKinds: sessions.accessKinds,
  }
}
