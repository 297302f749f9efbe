import { it } from 'vitest'
import { readFileSync } from 'node:fs'
import { insertRow } from '../support/access.ts'
import { makeNasRow, makeSessionRow } from '../support/activity.ts'
import { usePanel } from '../support/panel.ts'
import { addTestPlan, addTestSubscriber } from '../support/subscribers.ts'
const panel = usePanel()
it('pictures', { timeout: 120000 }, async () => {
  const office = await panel.api.as('super-administrator')
  await addTestPlan(panel.api, 'Home 50', {
    quota_octets: 1_000_000_000n,
    price_minor: 2999n,
    quota_period: 'month',
    fup_steps: JSON.stringify([{ after_octets: '500000000', down_bps: 5_000_000, up_bps: 1_000_000 }]),
  })
  const id = await addTestSubscriber(office, { username: 'anna', plan: 'Home 50', full_name: 'Anna Lind' })
  const now = panel.api.clock.now()
  const ago = (h: number) => new Date(now.getTime() - h * 3600_000)
  const nas = await makeNasRow(panel.api, 'bng-1')
  await makeSessionRow(panel.api, {
    subscriber_id: id,
    username: 'anna',
    nas_id: nas,
    started_at: ago(5),
    updated_at: now,
    framed_ip: '10.1.0.5',
    mac: 'aa:00:00:00:00:01',
    input_octets: 7e6,
    output_octets: 9e8,
    session_time: 18000,
  })
  await makeSessionRow(panel.api, {
    subscriber_id: id,
    username: 'anna',
    nas_id: nas,
    started_at: ago(50),
    updated_at: ago(30),
    ended_at: ago(30),
    ended_by: 'stop',
    framed_ip: '10.1.0.5',
    delegated_ipv6_prefix: '2001:db8:5::/48',
    mac: 'aa:00:00:00:00:01',
    session_time: 72000,
  })
  for (let d = 3; d < 30; d++)
    if (d % 7)
      await insertRow(panel.api.pool, 'usage_day', {
        subscriber_id: id,
        day: ago(24 * d)
          .toISOString()
          .slice(0, 10),
        input_octets: 3e6 * (d % 5),
        output_octets: 2e7 * (1 + (d % 4)),
      })
  for (let h = 1; h < 40; h++)
    await insertRow(panel.api.pool, 'usage_hour', {
      subscriber_id: id,
      hour: new Date(Math.floor(ago(h).getTime() / 36e5) * 36e5),
      input_octets: 1e6,
      output_octets: 2e6 * (h % 6),
    })
  for (const [name, options] of [
    ['phone', { width: 390, height: 800 }],
    ['dark', { dark: true, width: 390, height: 800 }],
    ['rtl', { language: 'ar', width: 390, height: 800 }],
    ['wide', {}],
  ] as const) {
    const page = await panel.open('/portal', { as: 'support', ...options })
    await page.screenshot({ path: `/tmp/h/8/portal-${name}-entry.png` })
    await page.evaluate(
      (url) => fetch(url, { method: 'POST', headers: { 'x-gatehouse': '1' } }).then((a) => a.status),
      `/api/v1/subscribers/${id}/portal-session`,
    )
    for (const place of ['', '/sessions', '/account']) {
      await page.goto(`${panel.api.url}/portal${place}`)
      await page.locator('h1').waitFor()
      await page.waitForTimeout(700)
      await page.screenshot({ path: `/tmp/h/8/portal-${name}${place.replace('/', '-')}.png`, fullPage: true })
      await page.evaluate(readFileSync('/work/main/node_modules/axe-core/axe.min.js', 'utf8'))
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      if (over > 0) console.log(name, place, 'overflow', over)
      const v = await page.evaluate(() =>
        (window as any).axe
          .run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
          .then((r: any) =>
            r.violations.map(
              (x: any) =>
                x.id +
                ' ' +
                x.nodes
                  .slice(0, 3)
                  .map((n: any) => n.html.slice(0, 150) + ' ' + (n.any[0]?.message ?? ''))
                  .join(' | '),
            ),
          ),
      )
      if (v.length) console.log(name, place, v.join('\n'))
    }
  }
})
