// The panel as an operator has it: a real browser at a real app over a real Postgres, and behind it everything that runs by
// itself: the workers, the delivery of CoA orders, a RADIUS service for emulated NASes. All of it lives in the real time.

import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { systemClock, type TestClock } from '../../src/clock.ts'
import { createPool } from '../../src/db/pool.ts'
import type { BuiltInRole } from '../../src/domain/operator/permission.ts'
import { sessionCookie } from '../../src/http/auth.ts'
import { builtPanel, createPanel } from '../../src/http/panel.ts'
import { startCoaDelivery } from '../../src/jobs/deliver-coa-orders.ts'
import { followNotifications } from '../../src/jobs/notifications.ts'
import { startWorkers, type WorkerContext } from '../../src/jobs/workers.ts'
import { createCoaSender } from '../../src/nas/coa.ts'
import { useApi, type Client, type TestApi } from './api.ts'
import { chromium, troublesOf } from './chromium.ts'
import { silentLog } from './database.ts'
import { dictionary } from './dictionary.ts'
import { openIsp, type Isp } from './isp.ts'

export type LookOptions = {
  /** Who is signed in; nobody: null. By default a new super-administrator. */
  as?: BuiltInRole | Client | null
  dark?: boolean
  language?: 'en' | 'ar'
  width?: number
  height?: number
}

export type TestPanel = {
  readonly api: TestApi
  /** With a RADIUS service, for emulated NASes and their subscribers. */
  readonly isp: Isp
  /** Opens a page in a browser of its own. What goes wrong on it fails the test. */
  open(path: string, options?: LookOptions): Promise<Page>
  /** What the browser says of what the test itself did, such as an attack that it refused, is no trouble. */
  forget(said: RegExp): void
}

/** As a clock of tests, but it goes by itself. */
function realClock(): TestClock {
  let ahead = 0
  return {
    now: () => new Date(systemClock.now().getTime() + ahead),
    monotonicMs: () => systemClock.monotonicMs() + ahead,
    advance: (milliseconds) => void (ahead += milliseconds),
    set: (now) => void (ahead = now.getTime() - systemClock.now().getTime()),
  }
}

/** Serves it before the tests of the file, ends it after them. */
export function usePanel(): TestPanel {
  const clock = realClock()
  const api = useApi({ clock, panel: () => createPanel(builtPanel) })
  const troubles: string[][] = []
  const contexts: BrowserContext[] = []
  let isp: Isp | undefined
  let endBackground: (() => Promise<void>) | undefined

  beforeAll(async () => {
    isp = await openIsp({ url: api.databaseUrl, pool: api.pool }, { keyFile: api.keyFile, clock })
    endBackground = startBackground(api)
  })
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()))
    expect(troubles.splice(0).flat()).toEqual([])
  })
  afterAll(async () => {
    await endBackground?.()
    await isp?.close()
  })

  return {
    api,
    get isp() {
      return isp!
    },
    async open(path, options = {}) {
      const browser = await chromium()
      const context = await browser.newContext(lookOf(options))
      contexts.push(context)
      if (options.as !== null) {
        const client = typeof options.as === 'object' ? options.as : await api.as(options.as ?? 'super-administrator')
        await giveCookie(context, api.url, client.cookie.slice(sessionCookie.length + 1))
      }
      const language = `localStorage.setItem('gatehouse.language', '${options.language ?? 'en'}')`
      await context.addInitScript(`if (location.origin === '${api.url}') ${language}`)
      const page = await context.newPage()
      page.setDefaultTimeout(10_000)
      troubles.push(troublesOf(page))
      await page.goto(api.url + path)
      return page
    },
    forget(said) {
      for (const [index, list] of troubles.entries()) troubles[index] = list.filter((text) => !said.test(text))
    },
  }
}

function lookOf({ dark = false, width = 1360, height = 820 }: LookOptions): BrowserContextOptions {
  return { viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' }
}

/** What the admin process does besides answering. Returns what ends it. */
function startBackground(api: TestApi): () => Promise<void> {
  const { db, keyring, fileDirectory, checkAttribute, clock } = api.services
  const log = silentLog as unknown as WorkerContext['log']
  const pool = createPool(api.databaseUrl, { name: 'gatehouse test jobs', max: 4, role: 'gatehouse_service' })
  const listenPool = createPool(api.databaseUrl, { name: 'gatehouse test listen', max: 1, statementTimeoutMs: 0 })
  const notifications = followNotifications({ pool: listenPool, log })
  const shared = { pool, db, keyring, clock, log, listen: notifications.listen, instance: 'panel' }
  const workers = startWorkers({ ...shared, fileDirectory, checkAttribute })
  const delivery = startCoaDelivery({
    ...shared,
    sender: createCoaSender({ dictionary: () => dictionary, now: () => performance.now() }),
    ownAddresses: () => ['127.0.0.1'],
  })
  return async () => {
    await Promise.all([workers.close(), delivery.close(), notifications.close()])
    await Promise.all([pool.end(), listenPool.end()])
  }
}

/** Plants a session. A browser takes a `__Host-` cookie from a page of TLS alone, and sends it to this machine without too. */
export function giveCookie(context: BrowserContext, url: string, value: string): Promise<void> {
  const cookie = { name: sessionCookie, value, url: url.replace('http:', 'https:'), secure: true, httpOnly: true }
  return context.addCookies([{ ...cookie, sameSite: 'Strict' as const }])
}
