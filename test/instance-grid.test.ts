import fc from 'fast-check'
import { expect, it } from 'vitest'
import { allCells, drawCells, moments } from './support/instance-grid.ts'
import { instanceFaults } from './support/two-instances.ts'

it('has 72 cells', () => {
  expect(new Set(allCells().map((cell) => JSON.stringify(cell))).size).toBe(72)
})

it('draws twelve by any seed: each instance meets every fault once and every moment once, and a seed draws the same again', () => {
  fc.assert(
    fc.property(fc.string(), (seed) => {
      const cells = drawCells(seed)
      expect(drawCells(seed)).toEqual(cells)
      for (const role of ['a', 'b']) {
        const own = cells.filter((cell) => cell.role === role)
        expect(own.map(({ fault }) => fault).toSorted()).toEqual(instanceFaults.toSorted())
        expect(own.map(({ moment }) => moment).toSorted()).toEqual(moments.toSorted())
      }
    }),
    { numRuns: 50 },
  )
})

it('meets every cell in time', () => {
  const met = new Set(
    Array.from({ length: 100 }, (_, day) => drawCells(`day ${day}`))
      .flat()
      .map((cell) => JSON.stringify(cell)),
  )
  expect(met.size).toBe(72)
})
