import { beforeAll, describe, expect, it } from 'vitest'
import { block, unblock } from '../../../src/domain/subscriber-action/block.ts'
import { takeByUsername } from '../../../src/domain/subscriber-action/by-username.ts'
import { findAction, subscriberActions } from '../../../src/domain/subscriber-action/list.ts'
import { addSubscriber } from '../../../src/domain/subscriber.ts'
import { makePlan, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()

beforeAll(async () => {
  await makePlan(office, { name: 'Home' })
  await addSubscriber(office.db, { username: 'Anna@Example.org', plan: 'Home' }, office.author, noon)
})

const take = (username: string, reason = 'unpaid') =>
  takeByUsername(office.db, block, { username, params: { reason } }, office.author, noon)

describe('an action by username', () => {
  it('finds the subscriber in any spelling', async () => {
    expect(await take(' ANNA@example.ORG ')).toMatchObject({ kind: 'done', username: 'anna@example.org' })
    expect(await take('anna@example.org')).toMatchObject({ kind: 'unchanged' })
    const input = { username: 'anna@example.org', params: {} }
    expect(await takeByUsername(office.db, unblock, input, office.author, noon)).toMatchObject({ kind: 'done' })
  })

  it('says who is not there, and why it cannot be done', async () => {
    await expect(take('nobody')).rejects.toThrow('there is no subscriber "nobody"')
    await expect(take('anna@example.org', ' ')).rejects.toThrow('reason: ')
    await addSubscriber(office.db, { username: 'gone', plan: 'Home' }, office.author, noon)
    await rowsOf(office, `update subscriber set archived_at = now() where username = 'gone'`)
    await expect(take('gone')).rejects.toThrow('username: it is deleted: restore it first')
    await rowsOf(office, `update subscriber set username_reserved = false where username = 'gone'`)
    await expect(take('gone')).rejects.toThrow('there is no subscriber "gone"')
  })
})

describe('the list of actions', () => {
  it('finds each by its name, and has none twice', () => {
    for (const action of subscriberActions) expect(findAction(action.name)).toBe(action)
    expect(findAction('explode')).toBeUndefined()
    expect(new Set(subscriberActions.map(({ name }) => name)).size).toBe(subscriberActions.length)
  })

  it.each(subscriberActions.map((action) => [action.name, action] as const))(
    '%s takes JSON only, of the names it knows, and a chunk that it can bear',
    (_name, action) => {
      expect(action.params.safeParse({ no_such_param: 1 }).success).toBe(false)
      expect(action.params.safeParse([]).success).toBe(false)
      expect(action.params.safeParse('x').success).toBe(false)
      expect(action.chunk).toBeGreaterThanOrEqual(1)
      expect(action.chunk).toBeLessThanOrEqual(500)
      expect(action.summary).toMatch(/^[A-Z].*[^.]$/)
    },
  )
})
