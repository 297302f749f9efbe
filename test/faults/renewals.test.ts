// The leases of a whole city renew all day long: the same address and the same Class each time, and nothing grows with them.
import { leasesRenew } from '../support/renewals.ts'

leasesRenew({ leases: 60_000, shortLeases: 6_000 })
