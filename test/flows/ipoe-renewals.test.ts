// Leases renew all day long, reduced: the same with 60,000 of them runs in test/faults/renewals.test.ts.
import { leasesRenew } from '../support/renewals.ts'

leasesRenew({ leases: 3_000, shortLeases: 600 })
