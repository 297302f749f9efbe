// Two instances, one of them killed, frozen, cut off or slowed down in the middle of something: twelve cells of the grid, drawn by
// the day, so that in time all are met. Figures are printed, with the seed.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { guests } from '../support/fault-world.ts'
import { drawCells, runCell } from '../support/instance-grid.ts'
import { openTwoInstances, takeOrders, type TwoInstances } from '../support/two-instances.ts'

const seed = process.env.GATEHOUSE_TEST_SEED ?? new Date(Date.now()).toISOString().slice(0, 10)
const say = (line: string) => process.stdout.write(`${line}\n`)

let two: TwoInstances
beforeAll(async () => {
  two = await openTwoInstances({ seed, network: 94, subscribers: 20, others: guests(40) })
  await takeOrders(two)
}, 120_000)
afterAll(() => two.close())

it.each(drawCells(seed))(
  'F69: $role: $fault while $moment: no right login fails, one session for each line, one address for each session',
  async (cell) => {
    const { logins, wholeMs } = await runCell(two, cell, 4)
    const { online } = logins.right
    say(
      `${seed}: ${cell.role}, ${cell.fault}, ${cell.moment}: ${online} of ${online} right logins let in; whole after ${Math.round(wholeMs)} ms`,
    )
    expect(online).toBe(32)
  },
  240_000,
)

it('I1 to I10 hold after all of them', async () => {
  await expect(two.settle()).resolves.toBeUndefined()
}, 120_000)
