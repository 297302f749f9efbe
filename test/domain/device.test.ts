import { beforeAll, describe, expect, it } from 'vitest'
import { bindDevice, checkMac } from '../../src/domain/device.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { hours, makePlan, noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()

beforeAll(async () => {
  await makePlan(office, { name: 'Home' })
})

describe('the MAC of a device', () => {
  it('is kept in one form', () => {
    for (const text of ['AA:BB:CC:00:00:01', 'aa-bb-cc-00-00-01', 'aabb.cc00.0001', 'AABBCC000001', '1:aa:bb:cc:0:0:1'])
      expect(checkMac('mac', text)).toBe('aa:bb:cc:00:00:01')
  })

  it.each(['', 'x', 'aa:bb:cc:00:00', '01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00'])(
    'is not %j',
    (text) => {
      expect(() => checkMac('mac', text)).toThrow('mac: ')
    },
  )
})

describe('binding a device', () => {
  it('takes one that was learnt, and is done once', async () => {
    const { id } = await addSubscriber(office.db, { username: 'anna', plan: 'Home' }, office.author, noon)
    await rowsOf(office, `insert into device (subscriber_id, mac, learnt_at) values ($1, 'aa:bb:cc:00:00:01', $2)`, [
      id,
      noon,
    ])
    for (const mac of ['aa:bb:cc:00:00:01', 'aa:bb:cc:00:00:02', 'aa:bb:cc:00:00:02'])
      await bindDevice(office.db, { subscriberId: id, mac }, hours(1))
    expect(
      await rowsOf(office, 'select mac, bound, learnt_at from device where subscriber_id = $1 order by mac', [id]),
    ).toEqual([
      { mac: 'aa:bb:cc:00:00:01', bound: true, learnt_at: noon },
      { mac: 'aa:bb:cc:00:00:02', bound: true, learnt_at: hours(1) },
    ])
  })
})
