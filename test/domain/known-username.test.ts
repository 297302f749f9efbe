import { beforeAll, describe, expect, it } from 'vitest'
import { knownUsernames } from '../../src/domain/known-username.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { makePlan, noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()

describe('known usernames', () => {
  beforeAll(async () => {
    await makePlan(office, { name: 'home' })
    for (const username of ['anna', 'quo"te\\back,comma{}']) {
      await addSubscriber(office.db, { username, plan: 'home' }, office.author, noon)
    }
  })

  it('are told in the order they were asked, the same one twice too', async () => {
    const asked = ['nobody', 'anna', '', 'anna', 'quo"te\\back,comma{}', 'NULL']
    expect(await knownUsernames(office.pool, asked)).toEqual([false, true, false, true, true, false])
    expect(await knownUsernames(office.pool, [])).toEqual([])
  })

  it('are those of archived subscribers while the name is kept for them', async () => {
    await addSubscriber(office.db, { username: 'gone', plan: 'home' }, office.author, noon)
    await rowsOf(office, `update subscriber set archived_at = $1 where username = 'gone'`, [noon])
    const [row] = await rowsOf(office, `select username_reserved from subscriber where username = 'gone'`)
    expect(await knownUsernames(office.pool, ['gone'])).toEqual([row!.username_reserved])
  })
})
