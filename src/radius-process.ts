// The process that speaks RADIUS and nothing else: a report or an export elsewhere cannot delay a login (decision 26).
import { constants } from 'node:os'
import { startRadiusService } from './aaa/radius-service.ts'
import { serveAsChild } from './child-side.ts'
import { systemClock } from './clock.ts'
import { armFailPoints } from './fail-points.ts'
import { liveOn } from './last-resort.ts'
import { createLogger } from './log.ts'
import { createMetrics } from './metrics.ts'

/** In-flight requests are answered within this time when we are asked to end. */
const drainMs = 5_000

serveAsChild({
  // Where a report or a vacuum keeps every core busy this process was seen to wait 160 ms for one.
  nice: constants.priority.PRIORITY_ABOVE_NORMAL,
  async start({ config, databaseUrl, worker }, signal) {
    const log = createLogger({ level: config.logLevel, name: 'radius' })
    const metrics = createMetrics()
    liveOn({ log, clock: systemClock, count: () => metrics.uncaught.inc() })
    if (config.failPoints !== undefined) armFailPoints(config.failPoints)
    const service = await startRadiusService({
      addresses: config.radiusAddresses,
      authPort: config.authPort,
      acctPort: config.acctPort,
      radsec: config.radsec,
      reusePort: config.radiusWorkers > 1,
      databaseUrl,
      keyFile: config.keyFile,
      stateDirectory: config.stateDirectory,
      worker,
      workers: config.radiusWorkers,
      lastKnown: config.lastKnown,
      signal,
      clock: systemClock,
      log,
      metrics,
    })
    const { authPort, acctPort, radsecPort } = service
    log.info({ auth_port: authPort, acct_port: acctPort, radsec_port: radsecPort }, 'radius is ready')
    return { metrics: () => metrics.registry.getMetricsAsJSON(), close: () => service.close({ drainMs }) }
  },
})
