// `gatehouse serve`: the whole service in the foreground, until Ctrl-C or SIGTERM.
import { once } from 'node:events'
import { systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { createLogger, type Logger } from '../log.ts'
import { startService, type Service } from '../supervisor.ts'

/** Serves until the process is told to end, then drains and resolves. Throws when a part cannot start. */
export async function serve(config: Config): Promise<void> {
  const log = createLogger({ level: config.logLevel, name: 'supervisor' })
  const ending = new AbortController()
  const asked = untilAskedToEnd().then((signal) => {
    ending.abort()
    return signal
  })
  if (config.databaseUrl === undefined) {
    log.warn(
      { data_directory: config.dataDirectory },
      'DATABASE_URL is unset: the embedded Postgres is not for production',
    )
  }
  const service = await startService(config, log, systemClock, ending.signal).catch((error: unknown) => {
    if (!ending.signal.aborted) throw error
  })
  if (service === undefined) {
    log.info({}, 'ended before it had begun')
    return
  }
  try {
    const signal = await Promise.race([asked, sayWhenWhole(service, log)])
    log.info({ signal }, 'ending')
  } finally {
    await service.close()
  }
}

/** Never resolves. Rejects where a part cannot start, late as that may show where Postgres was away. */
async function sayWhenWhole(service: Service, log: Logger): Promise<never> {
  const whole = await service.whole
  log.info({ auth_port: service.authPort, acct_port: service.acctPort, url: service.httpUrl }, 'gatehouse is serving')
  if (whole.setupToken !== undefined) printSetup(service.httpUrl, whole.setupToken)
  return new Promise(() => undefined)
}

/** Once, and not in the log, which is kept and shipped: whoever reads it becomes the first super-administrator. */
function printSetup(url: string, token: string): void {
  const how = 'There is no operator yet. Make the first one in the panel, or with `gatehouse operator add`:'
  process.stderr.write(`${how}\n  ${url}/setup#token=${token}\n`)
}

/** Resolves with the name of the signal that asks this process to end. */
export async function untilAskedToEnd(): Promise<string> {
  const aborter = new AbortController()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'].map(async (signal) => {
    await once(process, signal, { signal: aborter.signal })
    return signal
  })
  const signal = await Promise.race(signals)
  aborter.abort()
  await Promise.allSettled(signals)
  return signal
}
