// The process of HTTP and jobs, apart from RADIUS: a report must not delay a login (decision 26).
import { mkdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { endOfPem, watchCertificates } from './aaa/certificates.ts'
import { followKeys } from './aaa/key-follower.ts'
import { localAddresses, reachableAddresses } from './aaa/local-addresses.ts'
import { ownDictionary } from './aaa/own-dictionary.ts'
import { createAttributeCheck } from './cli/attribute-check.ts'
import { serveAsChild, tellSupervisor, type ToChild } from './child-side.ts'
import { systemClock } from './clock.ts'
import { createKysely, createPool, type Pool, type PoolOptions } from './db/pool.ts'
import type { Database } from './db/schema.ts'
import { armFailPoints } from './fail-points.ts'
import { openKeyring } from './domain/data-key.ts'
import { readSettings } from './domain/setting.ts'
import { createApp } from './http/app.ts'
import { builtPanel, createPanel } from './http/panel.ts'
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
import { findReadiness } from './readiness.ts'

const othersPatienceMs = 1_500
const minuteMs = 60_000
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
  const keys = followKeys({ pool: jobPool, keyring, keyFile: config.keyFile, clock: systemClock, log })
  const fileDirectory = join(config.dataDirectory, 'files')
  mkdirSync(fileDirectory, { recursive: true, mode: 0o700 })

  const db = createKysely<Database>(jobPool)
  const checkAttribute = createAttributeCheck()

  const app = createApp({
    ready: () => findReadiness(httpPool, metricsOfOthers),
    metrics: async () => mergeMetrics([await metrics.registry.getMetricsAsJSON(), ...(await metricsOfOthers())]),
    trustedProxies: config.trustedProxies,
    panel: await createPanel(builtPanel),
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
      listening: () => listeningOf(config),
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
  const certificate = watchOwnCertificate(background, config)
  log.info({ url: server.url }, 'http is ready')
  return {
    url: server.url,
    metrics: () => metrics.registry.getMetricsAsJSON(),
    async close() {
      await Promise.all([runner, workers, delivery, notifications, keys].map((one) => one.close()))
      certificate?.close()
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

/** What a NAS is told of us. */
function listeningOf({ radiusAddresses, authPort, acctPort, radsec }: StartOrder['config']) {
  return { addresses: reachableAddresses(radiusAddresses), authPort, acctPort, radsecPort: radsec?.port }
}

/** The one of the panel and the API, as it lies on the disk: it is in use soon after it was put there. */
function watchOwnCertificate(
  background: Omit<Parameters<typeof watchCertificates>[0], 'seen'>,
  { tls }: StartOrder['config'],
) {
  if (tls === undefined) return undefined
  const until = (): Date => endOfPem(readFileSync(tls.certificate))
  const seen = () => [{ kind: 'panel-certificate', subject: hostname(), until: until() } as const]
  return watchCertificates({ ...background, seen })
}

/**
 * Short questions, long ones, what runs by itself, and who waits to be woken: none waits for another's connections. The table of
 * all pools is in docs/operations.md.
 */
function openPools(databaseUrl: string, log: Logger) {
  const onError = (error: Error): void => log.warn({ error }, 'a database connection broke')
  const pool = (name: string, options: Omit<PoolOptions, 'name'>): Pool =>
    createPool(databaseUrl, { name: `gatehouse-${name}`, role: 'gatehouse_service', onError, ...options })
  return {
    // Somebody waits for the answer; whoever may not wait hears 503 at once.
    httpPool: pool('http', { max: 10, maximumWaiting: 200, queryTimeoutMs: 5_000, lockTimeoutMs: 3_000 }),
    // Reports and files: a statement of theirs may take minutes, a connection that is dead not for ever.
    longPool: pool('long', {
      max: 4,
      maximumWaiting: 40,
      statementTimeoutMs: 10 * minuteMs,
      queryTimeoutMs: 11 * minuteMs,
      background: true,
    }),
    jobPool: pool('jobs', {
      max: 8,
      statementTimeoutMs: 60 * minuteMs,
      queryTimeoutMs: 61 * minuteMs,
      background: true,
    }),
    // What became of an order is found again where a crash loses it: told twice, a NAS answers that the session is gone.
    coaPool: pool('coa', { max: 8, synchronousCommit: 'off', hotPath: true, queryTimeoutMs: 35_000 }),
    listenPool: pool('listen', { max: 1, statementTimeoutMs: 0 }),
  }
}

/** The RADIUS processes' metrics, by way of the supervisor; none when it does not answer in time. */
function metricsOfOthers(): Promise<MetricsSnapshot[]> {
  const { promise, resolve } = Promise.withResolvers<MetricsSnapshot[]>()
  const id = (question += 1)
  const timer = setTimeout(() => resolve([]), othersPatienceMs)
  questions.set(id, resolve)
  void tellSupervisor({ kind: 'want-metrics-of-others', id })
  return promise.finally(() => {
    clearTimeout(timer)
    questions.delete(id)
  })
}
