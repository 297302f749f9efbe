// The process of HTTP and jobs, apart from RADIUS: a report must not delay a login (decision 26).
import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { localAddresses } from './aaa/local-addresses.ts'
import { ownDictionary } from './aaa/own-dictionary.ts'
import { createAttributeCheck } from './cli/attribute-check.ts'
import { serveAsChild, tellSupervisor, type ToChild } from './child-side.ts'
import { systemClock } from './clock.ts'
import { createKysely, createPool } from './db/pool.ts'
import type { Database } from './db/schema.ts'
import { armFailPoints } from './fail-points.ts'
import { openKeyring } from './domain/data-key.ts'
import { readSettings } from './domain/setting.ts'
import { createApp } from './http/app.ts'
import { startHttpServer } from './http/server.ts'
import { endOnRouter } from './jobs/end-on-router.ts'
import { startCoaDelivery } from './jobs/deliver-coa-orders.ts'
import { jobs } from './jobs/list.ts'
import { followNotifications } from './jobs/notifications.ts'
import { startJobs } from './jobs/runner.ts'
import { startWorkers } from './jobs/workers.ts'
import { createLogger, type Logger } from './log.ts'
import { createMetrics, mergeMetrics, type MetricsSnapshot } from './metrics.ts'
import { createCoaSender } from './nas/coa.ts'

const othersPatienceMs = 1_500
const questions = new Map<number, (snapshots: MetricsSnapshot[]) => void>()
let question = 0

serveAsChild({
  start: startAdmin,
  onMessage(message) {
    if (message.kind === 'metrics-of-others') questions.get(message.id)?.(message.snapshots)
  },
})

type StartOrder = ToChild & { kind: 'start' }

async function startAdmin({ config, databaseUrl }: StartOrder) {
  if (config.failPoints !== undefined) armFailPoints(config.failPoints)
  const log = createLogger({ level: config.logLevel, name: 'admin' })
  const metrics = createMetrics()
  const { httpPool, longPool, jobPool, coaPool, listenPool } = openPools(databaseUrl, log)
  const keyring = await openKeyring(jobPool, config.keyFile, systemClock.now())
  const fileDirectory = join(config.dataDirectory, 'files')
  mkdirSync(fileDirectory, { recursive: true, mode: 0o700 })

  const db = createKysely<Database>(jobPool)
  const checkAttribute = createAttributeCheck()

  const app = createApp({
    ready: () =>
      httpPool.query('select 1').then(
        () => true,
        () => false,
      ),
    metrics: async () => mergeMetrics([await metrics.registry.getMetricsAsJSON(), ...(await metricsOfOthers())]),
    trustedProxies: config.trustedProxies,
    services: {
      db: createKysely<Database>(httpPool),
      pool: httpPool,
      longPool,
      longDb: createKysely<Database>(longPool),
      keyring,
      clock: systemClock,
      log,
      checkAttribute,
      fileDirectory,
      jobs,
    },
  })
  const server = await startHttpServer(app, {
    address: config.httpAddress,
    port: config.httpPort,
    tls: config.tls,
    onCertificateError: (error) => log.error({ error }, 'the new TLS certificate cannot be used; the old one stays'),
  })
  const instance = `${hostname()}:${process.pid}`
  const notifications = followNotifications({ pool: listenPool, log })
  const { listen } = notifications
  const background = { pool: jobPool, db, keyring, clock: systemClock, log, metrics, instance, listen }
  const runner = startJobs({ ...background, jobs, zone: async () => (await readSettings(db)).zone })
  const radiusPorts = { auth: config.authPort, acct: config.acctPort }
  const workers = startWorkers({ ...background, fileDirectory, checkAttribute, radiusPorts })
  const delivery = deliverOrders({ ...background, pool: coaPool }, config)
  log.info({ url: server.url }, 'http is ready')
  return {
    url: server.url,
    metrics: () => metrics.registry.getMetricsAsJSON(),
    async close() {
      await Promise.all([runner.close(), workers.close(), delivery.close(), notifications.close()])
      await server.close()
      await Promise.all([httpPool, longPool, jobPool, coaPool, listenPool].map((pool) => pool.end()))
    },
  }
}

type Background = Omit<Parameters<typeof startCoaDelivery>[0], 'sender' | 'ownAddresses'>

function deliverOrders(background: Background, { radiusAddresses }: StartOrder['config']) {
  return startCoaDelivery({
    ...background,
    endOnRouter,
    sender: createCoaSender({ dictionary: ownDictionary, now: () => systemClock.monotonicMs() }),
    ownAddresses: () => radiusAddresses ?? localAddresses(),
  })
}

/** Short questions, long ones, what runs by itself, and who waits to be woken: none waits for another's connections. */
function openPools(databaseUrl: string, log: Logger) {
  const onError = (error: Error): void => log.warn({ error }, 'a database connection broke')
  const shared = { role: 'gatehouse_service', onError } as const
  return {
    httpPool: createPool(databaseUrl, { name: 'gatehouse-http', max: 10, queryTimeoutMs: 5_000, ...shared }),
    longPool: createPool(databaseUrl, { name: 'gatehouse-long', max: 4, statementTimeoutMs: 0, ...shared }),
    jobPool: createPool(databaseUrl, { name: 'gatehouse-jobs', max: 8, statementTimeoutMs: 0, ...shared }),
    // What became of an order is found again where a crash loses it: told twice, a NAS answers that the session is gone.
    coaPool: createPool(databaseUrl, {
      name: 'gatehouse-coa',
      max: 8,
      synchronousCommit: 'off',
      hotPath: true,
      ...shared,
    }),
    listenPool: createPool(databaseUrl, { name: 'gatehouse-listen', max: 1, statementTimeoutMs: 0, ...shared }),
  }
}

/** The RADIUS processes' metrics, by way of the supervisor; none when it does not answer in time. */
function metricsOfOthers(): Promise<MetricsSnapshot[]> {
  const { promise, resolve } = Promise.withResolvers<MetricsSnapshot[]>()
  const id = (question += 1)
  const timer = setTimeout(() => resolve([]), othersPatienceMs)
  questions.set(id, resolve)
  tellSupervisor({ kind: 'want-metrics-of-others', id })
  return promise.finally(() => {
    clearTimeout(timer)
    questions.delete(id)
  })
}
