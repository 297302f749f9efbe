import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyIndex } from '../../../src/aaa/snapshot/key-index.ts'

const keys = fc.constantFrom('ua', 'ub', 'uc', 'm02:00:00:00:00:01', 'p["vlan7",null,null,7,null]', '')
const steps = fc.array(fc.record({ add: fc.boolean(), key: keys, slot: fc.nat({ max: 20 }) }), { maxLength: 300 })

describe('the index of keys', () => {
  it('finds what a map of sets would, after any additions and removals', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const index = createKeyIndex()
        const model = new Map<string, Set<number>>()
        for (const { add, key, slot } of taken) {
          const slots = model.get(key) ?? new Set()
          model.set(key, slots)
          if (add && !slots.has(slot)) index.add(key, slot)
          if (!add) index.remove(key, slot)
          if (add) slots.add(slot)
          else slots.delete(slot)
        }
        for (const [key, slots] of model) expect(new Set(index.find(key))).toEqual(slots)
      }),
    )
  })

  it('grows, and uses again what was given back', () => {
    const index = createKeyIndex()
    for (let slot = 0; slot < 20_000; slot++) index.add(`user${slot}`, slot)
    const full = index.octets()
    const lost = Array.from({ length: 20_000 }, (_, slot) => slot).filter(
      (slot) => !index.find(`user${slot}`).includes(slot),
    )
    expect(lost).toEqual([])
    for (let slot = 0; slot < 20_000; slot++) index.remove(`user${slot}`, slot)
    expect(index.find('user7')).toEqual([])
    for (let slot = 0; slot < 20_000; slot++) index.add(`user${slot}`, slot)
    expect(index.octets()).toBe(full)
  })

  it('takes one key of very many as quickly as many keys', () => {
    const index = createKeyIndex()
    for (let slot = 0; slot < 100_000; slot++) index.add('c00', slot)
    expect(index.find('c00')).toHaveLength(100_000)
    expect(index.find('c01')).toEqual([])
  })
})
