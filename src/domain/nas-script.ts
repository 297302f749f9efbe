// What the configuration that a NAS is given is made from, as far as our own books know it; the text is made by nas/vendors/script.ts.

import type { Db } from '../db/schema.ts'
import { listClients } from './client.ts'
import { showNas } from './nas-device.ts'
import { vendorNames } from './nas.ts'
import type { VendorName } from './nas.ts'
import { readSettings } from './setting.ts'

export type ScriptBasis = {
  readonly name: string
  readonly client: string
  readonly vendor: VendorName
  readonly identifier: string | undefined
  readonly address: string | undefined
  /** CIDR text. */
  readonly clientPrefix: string
  readonly patienceMs: number
  readonly interimIntervalS: number
  readonly coaPort: number
  /** It comes over TLS. */
  readonly isRadsec: boolean
}

/** Throws NotFoundError. */
export async function readScriptBasis(db: Db, name: string, now: Date): Promise<ScriptBasis> {
  const nas = await showNas(db, name)
  const { default_interim_interval_s: interimIntervalS } = await readSettings(db)
  const client = (await listClients(db, now)).find((one) => one.name === nas.client)!
  return {
    name: nas.name,
    client: nas.client,
    vendor: vendorNames.find((vendor) => vendor === nas.vendor) ?? 'standard',
    identifier: nas.identifier ?? undefined,
    address: nas.address ?? undefined,
    clientPrefix: client.prefix,
    patienceMs: nas.settings.patience_ms ?? client.patienceMs,
    interimIntervalS: nas.settings.interim_interval_s ?? interimIntervalS,
    coaPort: nas.coaPort,
    isRadsec: (client.radsecFingerprint ?? client.radsecName) !== null,
  }
}
