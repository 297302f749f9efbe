// What property tests draw. In CI the same values every time: what has landed once lands again, and a failure can be repeated
// anywhere with CI=true. Elsewhere new ones in each run, which is how new faults are found.
import fc from 'fast-check'

if (process.env.CI === 'true') fc.configureGlobal({ seed: 20_261_122 })

/** The seed of this run, for values that are drawn without fast-check. */
export const seed = fc.readConfigureGlobal().seed ?? Math.floor(Math.random() * 2 ** 31)
