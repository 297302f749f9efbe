// The process that speaks RADIUS and nothing else: a report or an export elsewhere cannot delay a login (decision 26).
import { startRadiusService } from './aaa/radius-service.ts'
import { serveAsChild } from './child-side.ts'
import { systemClock } from './clock.ts'
import { armFailPoints } from './fail-points.ts'
import { createLogger } from './log.ts'
import { createMetrics } from './metrics.ts'

/** In-flight requests are answered within this time when we are asked to end. */
const drainMs = 5_000

serveAsChild({
  async start({ config, databaseUrl }) {
    const log = createLogger({ level: config.logLevel, name: 'radius' })
    const metrics = createMetrics()
    if (config.failPoints !== undefined) armFailPoints(config.failPoints)
    const service = await startRadiusService({
      addresses: config.radiusAddresses,
      authPort: config.authPort,
      acctPort: config.acctPort,
      reusePort: config.radiusWorkers > 1,
      databaseUrl,
      keyFile: config.keyFile,
      clock: systemClock,
      log,
      metrics,
    })
    log.info({ auth_port: service.authPort, acct_port: service.acctPort }, 'radius is ready')
    return { metrics: () => metrics.registry.getMetricsAsJSON(), close: () => service.close({ drainMs }) }
  },
})
