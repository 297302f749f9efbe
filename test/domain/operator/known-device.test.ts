import { describe, expect, it } from 'vitest'
import { forgetDevices, isKnownDevice, rememberDevice, trimDevices } from '../../../src/domain/operator/known-device.ts'
import { noon, useOffice } from '../../support/operator.ts'
import { hire } from '../../support/staff.ts'

const office = useOffice()
const later = (days: number): Date => new Date(noon.getTime() + days * 86_400_000)

describe('a browser that was signed in before', () => {
  it('is known for its operator alone, by an id of which only the hash is kept', async () => {
    const [mine, theirs] = [await hire(office, 'support'), await hire(office, 'support')]
    const bearer = await rememberDevice(office.db, mine.id, noon)
    const known = (email: string, cookie: string | undefined = bearer) =>
      isKnownDevice(office.db, { bearer: cookie, email }, noon)
    expect(await known(mine.email)).toBe(true)
    expect(await known(theirs.email)).toBe(false)
    expect(await known(mine.email, `${bearer}x`)).toBe(false)
    expect(await known(mine.email, '')).toBe(false)
    expect(await isKnownDevice(office.db, { bearer: undefined, email: mine.email }, noon)).toBe(false)
    const rows = await office.db.selectFrom('known_device').select('token_hash').execute()
    expect(rows.map((row) => row.token_hash.length)).toEqual([32])
    await forgetDevices(office.db, [])
    expect(await known(mine.email)).toBe(true)
    await forgetDevices(office.db, [mine.id])
    expect(await known(mine.email)).toBe(false)
  })

  it('becomes a stranger after half a year without use', async () => {
    const { id, email } = await hire(office, 'support')
    const bearer = await rememberDevice(office.db, id, noon)
    expect(await isKnownDevice(office.db, { bearer, email }, later(170))).toBe(true)
    expect(await trimDevices(office.db, later(181))).toBe(0)
    expect(await isKnownDevice(office.db, { bearer, email }, later(340))).toBe(true)
    expect(await isKnownDevice(office.db, { bearer, email }, later(521))).toBe(false)
    expect(await trimDevices(office.db, later(521))).toBe(1)
  })
})
