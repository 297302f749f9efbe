import { describe, expect, it } from 'vitest'
import { createDemoIsp, demoNases, demoTrial, makeDemoSubscribers } from '../../src/cli/demo-data.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { listClients } from '../../src/domain/client.ts'
import { listPlans } from '../../src/domain/plan.ts'
import { useDatabase } from '../support/database.ts'
import { openTestKeyring } from '../support/keyring.ts'

const database = useDatabase()

describe('the made-up ISP', () => {
  it('has two hundred subscribers, each with a login, a line and a method of its own turn', () => {
    const subscribers = makeDemoSubscribers()
    expect(subscribers).toHaveLength(200)
    for (const name of ['username', 'mac'] as const) {
      expect(new Set(subscribers.map(({ dial }) => dial[name])).size).toBe(200)
    }
    expect(new Set(subscribers.map(({ dial }) => dial.method)).size).toBe(3)
    expect(subscribers).toEqual(makeDemoSubscribers())
    expect(subscribers[0]?.dial.password).toMatch(/^[a-z]+-[a-z]+-\d\d$/)
    expect(subscribers.map(({ dial }) => dial.username)).not.toContain(demoTrial.username)
  })

  it('is made once, and left alone when it is there', async () => {
    const { keyring, remove } = await openTestKeyring(database.pool)
    const db = createKysely<Database>(database.pool)
    const now = new Date()
    await createDemoIsp(db, keyring, now)
    await createDemoIsp(db, keyring, now)
    remove()
    const clients = await listClients(db, now)
    expect(clients.map(({ name }) => name).toSorted()).toEqual(
      [...demoNases.map(({ name }) => name), demoTrial.client.name].toSorted(),
    )
    expect((await listPlans(db)).map(({ name }) => name)).toEqual(['Fibre 200', 'Home 50', 'Trial', 'Village 10'])
    const { rows } = await database.pool.query('select count(*)::int as n from subscriber')
    expect(rows[0]).toEqual({ n: 201 })
  })
})
