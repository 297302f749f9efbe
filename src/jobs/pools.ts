// The jobs of address pools: leases follow sessions, full pools and addresses that two have are told.

import { endAddressConflicts } from '../domain/ip-pool/conflict.ts'
import { sweepLeases } from '../domain/ip-pool/lease-sweep.ts'
import { watchIpPools } from '../domain/ip-pool/usage.ts'
import { readSettings } from '../domain/setting.ts'
import type { Job } from './job.ts'

export const poolJobs: readonly Job[] = [
  {
    name: 'address-pools',
    cron: '* * * * *',
    async run({ pool, db, now }) {
      const { address_quiet_s: quietS } = await readSettings(db)
      const swept = await sweepLeases(db, { quietS }, now)
      const conflicts = await endAddressConflicts({ pool, db }, now)
      return { ...swept, conflicts, alarms: await watchIpPools({ pool, db }, now) }
    },
  },
]
