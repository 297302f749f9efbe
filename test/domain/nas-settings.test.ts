import { beforeAll, describe, expect, it } from 'vitest'
import { addClient } from '../../src/domain/client.ts'
import { showNas } from '../../src/domain/nas-device.ts'
import { loadRegistry, registryChanges } from '../../src/domain/nas-registry.ts'
import {
  changeNasSettings,
  defaultNasSettings,
  nasSettingNames,
  nasSettingRange,
  nasSettingValueFromText,
  readNasSettings,
} from '../../src/domain/nas-settings.ts'
import { noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
const change = (changes: Record<string, unknown>) => changeNasSettings(office.db, 'bng1', changes)

beforeAll(async () => {
  await addClient(office.db, office.keyring, { name: 'bng1', address: '192.0.2.1', vendor: 'mikrotik' }, noon)
})

describe('settings of a NAS', () => {
  it('have a value each before anybody writes one, but for those that follow something else', async () => {
    expect((await showNas(office.db, 'bng1')).settings).toEqual(defaultNasSettings)
    expect(defaultNasSettings).toMatchObject({ stale_factor: 3, coa: true, mac_format: 'colons', trust_time: true })
    const without = nasSettingNames.filter((name) => !(name in defaultNasSettings))
    expect(without).toEqual(expect.arrayContaining(['patience_ms', 'interface_source', 'interim_interval_s']))
    expect(without).not.toContain('stale_factor')
  })

  it('hold what was written, keep what was not named, and go back to their default', async () => {
    await change({ stale_factor: 2.5, patience_ms: 3000, coa: false })
    await change({ mac_format: 'dots', coa: null })
    const shown = await showNas(office.db, 'bng1')
    expect(shown.settings).toEqual({ ...defaultNasSettings, stale_factor: 2.5, patience_ms: 3000, mac_format: 'dots' })
    expect(shown.written.toSorted()).toEqual(['mac_format', 'patience_ms', 'stale_factor'])
    await change({ stale_factor: null, patience_ms: null, mac_format: null })
    expect((await showNas(office.db, 'bng1')).written).toEqual([])
    expect(await rowsOf(office, 'select settings from nas')).toEqual([{ settings: {} }])
  })

  it('reach the packet path: the registry is told, and patience overrules that of the client', async () => {
    const { position } = await registryChanges(office.pool, '0')
    await change({ patience_ms: 1500 })
    expect(await registryChanges(office.pool, position)).toMatchObject({ changed: true })
    const failed = (error: Error) => {
      throw error
    }
    const { nases } = await loadRegistry(office.pool, office.keyring, failed, noon)
    expect(nases[0]).toMatchObject({ patienceMs: 1500, settings: { patience_ms: 1500 } })
    await change({ patience_ms: null })
    const again = await loadRegistry(office.pool, office.keyring, failed, noon)
    expect(again.nases[0]!.patienceMs).toBe(900)
  })

  it('that are unknown or may not be so are refused by name, with what is allowed; nothing is written', async () => {
    const refused = async (changes: Record<string, unknown>, message: string) =>
      expect(change(changes)).rejects.toThrow(message)
    await refused({ stale: 3 }, 'setting: "stale" is no setting of a NAS; there are patience_ms, coa_timeout_ms')
    await refused({ toString: null }, 'setting: "toString" is no setting of a NAS')
    await refused({ coa_tries: 2, stale_factor: 1 }, 'stale_factor: must be a number from 1.5 to 20')
    await refused({ coa_tries: 1.5 }, 'coa_tries: must be a whole number from 1 to 10')
    await refused({ mac_format: 'upper' }, 'mac_format: must be colons, hyphens, dots or bare')
    await refused({ swapped_octets: 'true' }, 'swapped_octets: must be on or off')
    await refused({ ipoe_password: '' }, 'ipoe_password: must be a text of 1 to 128 characters')
    await refused({ coa: undefined }, 'coa: must be on or off')
    expect((await showNas(office.db, 'bng1')).written).toEqual([])
    await expect(changeNasSettings(office.db, 'bng9', { coa: false })).rejects.toThrow('there is no NAS "bng9"')
  })

  it('are taken as they are typed', () => {
    const typed = (name: string, text: string) => nasSettingValueFromText(name, text)
    expect([typed('coa', 'on'), typed('coa', 'no'), typed('coa', 'maybe')]).toEqual([true, false, 'maybe'])
    expect([typed('coa_tries', '4'), typed('stale_factor', '2.5'), typed('coa_tries', 'four')]).toEqual([
      4,
      2.5,
      'four',
    ])
    expect([typed('ipoe_password', '1234'), typed('nonsense', '1')]).toEqual(['1234', '1'])
    expect([typed('mac_format', 'dots'), typed('patience_ms', '3000')]).toEqual(['dots', 3000])
    for (const name of nasSettingNames) expect(nasSettingRange(name)).toMatch(/^(a |on or off$|\w)/)
  })

  it('of a newer release that this one does not understand count as unset, alone', () => {
    const stored = { stale_factor: 'often', coa_tries: 5, colour: 'blue' }
    expect(readNasSettings(stored)).toEqual({ ...defaultNasSettings, coa_tries: 5 })
    expect(readNasSettings(null)).toEqual(defaultNasSettings)
  })
})
