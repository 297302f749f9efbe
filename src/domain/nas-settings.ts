// What may differ from one NAS to the next of its vendor: a few settings with a default each, checked when they are written.

import { z } from 'zod'

const checks = {
  /** How long this NAS waits for an answer in all, in ms; undefined: as its client says. */
  patience_ms: z.int().min(100).max(60_000).optional(),
  /** How long one try of CoA or Disconnect waits, in ms. */
  coa_timeout_ms: z.int().min(100).max(30_000).default(2_000),
  coa_tries: z.int().min(1).max(10).default(3),
  /** CoA and Disconnect requests a second at most. */
  coa_pace: z.int().min(1).max(10_000).default(50),
  /** The NAS counts what the subscriber receives as input (RFC 2866 §5.3 says: received from the port). */
  swapped_octets: z.boolean().default(false),
  /** How MACs are written to this NAS. */
  mac_format: z.enum(['colons', 'hyphens', 'dots', 'bare']).default('colons'),
  /** What of `name@realm` and `DOMAIN\\name` is the username where no realm says otherwise. */
  username_rule: z.enum(['whole', 'strip-realm', 'strip-domain', 'strip-both']).default('whole'),
  /** Which attribute names the interface; undefined: as the vendor does. */
  interface_source: z.enum(['nas-port-id', 'nas-port', 'called-station-id']).optional(),
  /** Whether Event-Timestamp counts. */
  trust_time: z.boolean().default(true),
  /** A session is stale after so many of its interim intervals without a sign of life. */
  stale_factor: z.number().min(1.5).max(20).default(3),
  /** Acct-Interim-Interval for this NAS, in seconds; undefined: the plan's. */
  interim_interval_s: z.int().min(60).max(86_400).optional(),
  /** A constant password that this NAS sends for lines without one (IPoE). */
  ipoe_password: z.string().min(1).max(128).optional(),
  coa: z.boolean().default(true),
  disconnect: z.boolean().default(true),
}

const schema = z.strictObject(checks)

export type NasSettings = z.infer<typeof schema>

/** What a NAS has that was told nothing. */
export const defaultNasSettings: NasSettings = schema.parse({})

/** The settings of a row; what is no longer valid there falls back to its default, alone. */
export function readNasSettings(stored: unknown): NasSettings {
  if (typeof stored !== 'object' || stored === null) return defaultNasSettings
  const valid = Object.entries(stored).filter(([name, value]) => schema.partial().safeParse({ [name]: value }).success)
  return schema.parse(Object.fromEntries(valid))
}
