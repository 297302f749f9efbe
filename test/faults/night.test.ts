// The night at full size: ten thousand lines renew at midnight, and the process that renews them is killed three times.
import { describe, expect, it, vi } from 'vitest'
import { listJobRuns } from '../../src/domain/job-history.ts'
import { forecast } from '../../src/domain/money/forecast.ts'
import { everything } from '../../src/domain/scope.ts'
import { checkBooks } from '../support/money.ts'
import {
  countNight,
  makeNight,
  midnight,
  renewalTime,
  startNight,
  startNightProcess,
  wholeNight,
} from '../support/night.ts'
import { useOffice } from '../support/operator.ts'

const office = useOffice()
const lines = 10_000

describe('ten thousand auto-renewals', () => {
  it('are shown beforehand within seconds, survive three kills, and drop nobody', async () => {
    const night = await makeNight(office, { count: lines })
    const begun = performance.now()
    const shown = await forecast(office.db, { until: midnight, scope: everything }, renewalTime)
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect(shown).toMatchObject({ expire: { count: 0 }, renew: { count: lines }, refuse: { count: 0 } })
    for (const failPoints of ['renewal_given=kill@500', 'renewal_recorded=kill@1500', 'renewal_committed=kill@2500']) {
      const { ended } = startNightProcess(office, { failPoints, leaseMs: 1_000 })
      expect((await ended).signal).toBe('SIGKILL')
      await vi.waitFor(async () => {
        const { rows } = await office.pool.query('select 1 from job_run where lease_until < clock_timestamp()')
        expect(rows).toHaveLength(1)
      }, 10_000)
    }
    const { runner } = startNight(office)
    await runner.tick()
    await runner.close()
    expect(await countNight(office, night)).toEqual(wholeNight(night))
    expect(await listJobRuns(office.db, { job: 'renew-due', limit: 5 })).toMatchObject([{ state: 'done', tries: 4 }])
    await checkBooks(office)
  }, 1_800_000)
})
