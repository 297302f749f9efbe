import { describe, expect, it } from 'vitest'
import {
  defaultSettings,
  readSettings,
  settingNames,
  settingShape,
  settingsOf,
  settingValueFromText,
  writeSetting,
  writtenSettings,
} from '../../src/domain/setting.ts'
import { noon, useOffice } from '../support/operator.ts'

const office = useOffice()
const write = (name: string, value: unknown) => writeSetting(office.db, { name, value }, noon)

describe('settings', () => {
  it('have a value each before anybody writes one', async () => {
    const settings = await readSettings(office.db)
    expect(settings).toEqual(defaultSettings)
    expect(settings).toMatchObject({ zone: 'UTC', currency: 'EUR', mschap_v1: false, default_interim_interval_s: 300 })
    expect(Object.isFrozen(settings)).toBe(true)
    expect(await writtenSettings(office.db)).toEqual(new Set())
  })

  it('hold what was written, of any form', async () => {
    await write('zone', 'Europe/Berlin')
    await write('mschap_v1', true)
    await write('auth_methods', ['pap'])
    await write('reject_text', 'No "entry"')
    await write('zone', 'Asia/Tehran')
    expect(await readSettings(office.db)).toMatchObject({
      zone: 'Asia/Tehran',
      mschap_v1: true,
      auth_methods: ['pap'],
      reject_text: 'No "entry"',
    })
    expect(await writtenSettings(office.db)).toEqual(new Set(['zone', 'mschap_v1', 'auth_methods', 'reject_text']))
  })

  it('that are unknown or of the wrong form are refused by name', async () => {
    await expect(write('zome', 'UTC')).rejects.toThrow('name: "zome" is no setting; there are zone, currency')
    await expect(write('toString', 'x')).rejects.toThrow('is no setting')
    for (const [name, value] of [
      ['zone', 'Mars/Olympus'],
      ['currency', 'EURO'],
      ['mschap_v1', 'yes'],
      ['default_interim_interval_s', 59],
      ['interim_jitter', 0.6],
      ['auth_methods', []],
      ['auth_methods', ['eap']],
      ['reject_text', 'ä'.repeat(127)],
      ['phone_country_code', '49'],
    ] as const) {
      await expect(write(name, value)).rejects.toThrow(`${name}: `)
    }
  })

  it('say what a value must look like', () => {
    expect(settingShape('interim_jitter')).toEqual({ type: 'number', minimum: 0, maximum: 0.5 })
    expect(settingShape('date_format')).toEqual({ type: 'string', enum: ['locale', 'month-first', 'iso'] })
    expect(settingShape('toString')).toEqual({})
  })

  it('that another release wrote and this one does not understand count as unset', () => {
    const settings = settingsOf([
      { name: 'zone', value: 5 },
      { name: 'of_tomorrow', value: true },
      { name: 'currency', value: 'CHF' },
    ])
    expect(settings).toEqual({ ...defaultSettings, currency: 'CHF' })
  })
})

describe('a value typed on a command line', () => {
  it('is read by the type of its setting', () => {
    expect(settingValueFromText('zone', 'UTC')).toBe('UTC')
    expect(settingValueFromText('reject_text', '123')).toBe('123')
    expect(settingValueFromText('mschap_v1', 'true')).toBe(true)
    expect(settingValueFromText('mschap_v1', 'yes')).toBe('yes')
    expect(settingValueFromText('interim_jitter', '0.2')).toBe(0.2)
    expect(settingValueFromText('auth_methods', 'pap, chap')).toEqual(['pap', 'chap'])
    expect(settingValueFromText('auth_methods', '["pap"]')).toEqual(['pap'])
    expect(settingValueFromText('unknown', 'x')).toBe('x')
  })

  it('fits every default that is written back as it is shown', async () => {
    for (const name of settingNames) {
      const shown = defaultSettings[name]
      const text = typeof shown === 'string' ? shown : JSON.stringify(shown)
      await write(name, settingValueFromText(name, text))
    }
    expect(await readSettings(office.db)).toEqual(defaultSettings)
  })
})
