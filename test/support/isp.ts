// A small ISP for the stories in test/flows: a RADIUS service on the test's database, and emulated NASes that dial in.
import { createKysely, type Pool } from '../../src/db/pool.ts'
import type { Database, Db } from '../../src/db/schema.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { addClient, type NewClient } from '../../src/domain/client.ts'
import { addPlan, type NewPlan } from '../../src/domain/plan.ts'
import { addSubscriber, type NewSubscriber } from '../../src/domain/subscriber.ts'
import { systemClock } from '../../src/clock.ts'
import { compareSessions, type Difference, type SessionRow } from '../../src/simulator/compare.ts'
import type { Usage } from '../../src/simulator/compare-usage.ts'
import { createLedger, type Ledger } from '../../src/simulator/ledger.ts'
import type { Dial } from '../../src/simulator/nas-session.ts'
import type { NasOptions } from '../../src/simulator/nas-options.ts'
import { createNas, type SimulatedNas } from '../../src/simulator/nas.ts'
import { dictionary } from './dictionary.ts'
import { findBreaches, insist, sessionBreaches, type Breach, type Except } from './invariants.ts'
import { startTestService, type TestService } from './service.ts'

export const secret = 'a secret that both sides know'
export const password = 'a password of anna'

export type Isp = {
  db: Db
  pool: Pool
  service: TestService
  ledger: Ledger
  plan(input?: Partial<NewPlan>): Promise<void>
  subscriber(username: string, input?: Partial<NewSubscriber>): Promise<bigint>
  /** An IPoE subscriber: without a password, known by what its line says. */
  line(username: string, input?: Partial<NewSubscriber>): Promise<bigint>
  /** A client that several NASes may speak through. */
  client(name: string, address: string, input?: Partial<NewClient>): Promise<void>
  /** A NAS on its own loopback address, known to the service as a client of the same name. */
  nas(identifier: string, address: string, options?: NasInput): Promise<SimulatedNas>
  /** How to dial in as this subscriber. */
  dial(username: string, input?: Partial<Dial>): Dial
  /** What the database and the ledger do not agree on. */
  differences(): Promise<Difference[]>
  /** Ends it. Throws where a rule of invariants.ts is broken otherwise than the story says in `except`. */
  close(except?: Except): Promise<void>
}

/** `behind`: the client is there already, or will be later. */
export type NasInput = Partial<NasOptions> & { behind?: true; client?: Partial<NewClient> }

/** Opens the ISP on a migrated test database. */
export async function openIsp(
  database: { url: string; pool: Pool },
  options: Parameters<typeof startTestService>[1] = {},
): Promise<Isp> {
  const service = await startTestService(database, options)
  const db = createKysely<Database>(database.pool)
  const ledger = createLedger()
  const nases: SimulatedNas[] = []
  const now = (): Date => systemClock.now()
  const allBreaches = async (): Promise<Breach[]> => {
    await Promise.all(nases.map((nas) => nas.quiet()))
    await service.drained()
    const later = options.clock?.now() ?? now()
    const rows = await sessionRows(database.pool, 'everywhere')
    return [...(await findBreaches(database.pool, later)), ...sessionBreaches(compareSessions(ledger.state, rows))]
  }
  return {
    db,
    pool: database.pool,
    service,
    ledger,
    async plan(input = {}) {
      await addPlan(db, { name: 'Home50', down: '50M', up: '20M', days: 30, ...input }, () => undefined, now())
    },
    async subscriber(username, input = {}) {
      const added = await addSubscriber(
        db,
        { username, password, plan: 'Home50', ...input },
        ownAuthor('system', 'test', service.keyring),
        now(),
      )
      return added.id
    },
    async line(username, input = {}) {
      const line = { username, plan: 'Home50', accountType: 'ipoe', ...input }
      return (await addSubscriber(db, line, ownAuthor('system', 'test', service.keyring), now())).id
    },
    async client(name, address, input = {}) {
      await addClient(db, service.keyring, { name, address, secret, ...input }, now())
      await service.refresh()
    },
    async nas(identifier, address, { behind, client, ...input } = {}) {
      const vendor = input.vendor ?? 'mikrotik'
      if (behind === undefined) {
        await addClient(db, service.keyring, { name: identifier, address, vendor, secret, ...client }, now())
        await service.refresh()
      }
      const nas = await createNas({
        vendor,
        identifier,
        localAddress: address,
        server: { address: '127.0.0.1', authPort: service.authPort, acctPort: service.acctPort },
        secret,
        dictionary,
        seed: identifier,
        clock: systemClock,
        ledger,
        ...input,
      })
      nases.push(nas)
      return nas
    },
    dial: (username, input = {}) => ({ username, password, method: 'chap', mac: 'd4:ca:6d:01:02:03', ...input }),
    async differences() {
      await service.drained()
      return compareSessions(ledger.state, await sessionRows(database.pool))
    },
    async close(except = {}) {
      try {
        insist(await allBreaches(), except)
      } finally {
        for (const nas of nases) nas.close()
        await service.close()
      }
    },
  }
}

type Row = { [Name in keyof SessionRow]: SessionRow[Name] | null } & Omit<
  SessionRow,
  'framedIp' | 'endedAt' | 'endedBy' | 'service'
>

/** Every session, by what its NAS calls itself, in the order they were made; those in the archive where they are asked for. */
export async function sessionRows(pool: Pool, from: 'session' | 'everywhere' = 'session'): Promise<SessionRow[]> {
  const columns = `id, nas_id, service, acct_session_id, epoch, username, framed_ip, started_at, ended_at, ended_by, session_time,
    input_octets, output_octets`
  const archived = from === 'session' ? '' : `union all select ${columns} from session_archive`
  const { rows } = await pool.query<Row>(
    `select coalesce(n.identifier, n.name) as nas, s.service, s.acct_session_id as "acctSessionId", s.epoch, s.username, host(s.framed_ip) as "framedIp",
            s.started_at as "startedAt", s.ended_at as "endedAt", s.ended_by as "endedBy", s.session_time as "sessionTime",
            s.input_octets as "inputOctets", s.output_octets as "outputOctets"
     from (select ${columns} from session ${archived}) s join nas n on n.id = s.nas_id order by s.id`,
  )
  return rows.map((row) => ({
    ...row,
    framedIp: row.framedIp ?? undefined,
    endedAt: row.endedAt ?? undefined,
    endedBy: row.endedBy ?? undefined,
    service: row.service ?? undefined,
  }))
}

/** What was charged in all service periods, by the name under which the NASes speak of a subscriber. */
export async function chargedByName(pool: Pool): Promise<Map<string, Usage>> {
  const { rows } = await pool.query<{ username: string } & Usage>(
    `select named.username, sum(u.input_octets)::bigint as "inputOctets", sum(u.output_octets)::bigint as "outputOctets"
     from usage_period u join (select distinct subscriber_id, username from session) as named using (subscriber_id)
     group by named.username`,
  )
  return new Map(rows.map(({ username, ...usage }) => [username, usage]))
}
