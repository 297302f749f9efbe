// Looks at Postgres: who must see what is there now is not given what was read before.
import { describe, expect, it } from 'vitest'
import { createLook } from '../../src/aaa/look.ts'

/** Work that ends when it is told, and counts how often it began. */
function steps(): { work: () => Promise<void>; end: (error?: Error) => void; begun: () => number } {
  const ends: ((error?: Error) => void)[] = []
  let begun = 0
  return {
    work: () => {
      begun += 1
      return new Promise((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())))
    },
    end: (error) => ends.shift()!(error),
    begun: () => begun,
  }
}

const turns = () => new Promise((resolve) => setImmediate(resolve))

describe('a look', () => {
  it('is one for all who join it', async () => {
    const { work, end, begun } = steps()
    const look = createLook(work)
    const all = [look.join(), look.join()]
    end()
    await Promise.all(all)
    expect(begun()).toBe(1)
  })

  it('begins anew for whoever asks after it began, once for all of them, however the one before ended', async () => {
    const { work, end, begun } = steps()
    const look = createLook(work)
    const before = look.join()
    let isDone = false
    const all = [look.anew(), look.anew().then(() => (isDone = true))]
    end(new Error('away'))
    await expect(before).rejects.toThrow('away')
    await turns()
    expect([begun(), isDone]).toEqual([2, false])
    end()
    await Promise.all(all)
    expect(begun()).toBe(2)
  })

  it('is settled when none is under way', async () => {
    const { work, end } = steps()
    const look = createLook(work)
    await look.settled()
    const one = look.anew()
    await turns()
    const settled = look.settled()
    end(new Error('away'))
    await settled
    await expect(one).rejects.toThrow('away')
  })
})
