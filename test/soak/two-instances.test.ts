// The whole grid of two instances: each of them, each fault, each moment: 72 cells, one after the other on the same books.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { guests } from '../support/fault-world.ts'
import { allCells, runCell } from '../support/instance-grid.ts'
import { openTwoInstances, takeOrders, type TwoInstances } from '../support/two-instances.ts'

let two: TwoInstances
beforeAll(async () => {
  two = await openTwoInstances({ seed: 'whole grid', network: 98, subscribers: 20, others: guests(40) })
  await takeOrders(two)
}, 120_000)
afterAll(() => two.close())

it.each(allCells())(
  'F69: $role: $fault while $moment',
  async (cell) => {
    const { logins, wholeMs } = await runCell(two, cell, 3)
    process.stdout.write(`${cell.role}, ${cell.fault}, ${cell.moment}: whole after ${Math.round(wholeMs)} ms\n`)
    expect(logins.right.online).toBe(24)
  },
  240_000,
)

it('I1 to I10 hold after all of them', async () => {
  await expect(two.settle()).resolves.toBeUndefined()
}, 120_000)
