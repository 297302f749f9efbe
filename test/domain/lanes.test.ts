import { describe, expect, it } from 'vitest'
import { inLanes } from '../../src/domain/lanes.ts'

describe('lanes', () => {
  it('do everything once, in order, and never more at once than their number', async () => {
    const items = Array.from({ length: 50 }, (_value, index) => index)
    const begun: number[] = []
    let atWork = 0
    let most = 0
    await inLanes(items, 3, async (item) => {
      begun.push(item)
      atWork += 1
      most = Math.max(most, atWork)
      await new Promise((resolve) => setImmediate(resolve))
      atWork -= 1
    })
    expect(begun).toEqual(items)
    expect(most).toBe(3)
    await inLanes([], 3, () => Promise.reject(new Error('there is nothing to do')))
  })

  it('begin nothing after an error, which is thrown when those under way have ended', async () => {
    const ended: number[] = []
    const work = async (item: number): Promise<void> => {
      if (item === 1) throw new Error('broken')
      await new Promise((resolve) => setTimeout(resolve, 20))
      ended.push(item)
    }
    await expect(inLanes([0, 1, 2, 3, 4, 5], 3, work)).rejects.toThrow('broken')
    expect(ended).toEqual([0, 2])
  })
})
