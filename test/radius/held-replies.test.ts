// Replies that are held back, and what is waited for when a server ends.
import { describe, expect, it, vi } from 'vitest'
import { HeldReplies } from '../../src/radius/held-replies.ts'
import { InWork } from '../../src/radius/in-work.ts'

describe('a reply that is held back', () => {
  it('leaves when its time has come, and not before', async () => {
    vi.useFakeTimers()
    try {
      const held = new HeldReplies(2)
      const left: string[] = []
      void held.hold(1_000)!.then(() => left.push('a'))
      void held.hold(500)!.then(() => left.push('b'))
      await vi.advanceTimersByTimeAsync(499)
      expect(left).toEqual([])
      await vi.advanceTimersByTimeAsync(1)
      expect([left, held.size]).toEqual([['b'], 1])
      await vi.advanceTimersByTimeAsync(500)
      expect([left, held.size]).toEqual([['b', 'a'], 0])
    } finally {
      vi.useRealTimers()
    }
  })

  it('is not held where enough are', async () => {
    const held = new HeldReplies(1)
    const first = held.hold(60_000)
    expect(held.hold(60_000)).toBeUndefined()
    held.letGo()
    await first
    expect(held.size).toBe(0)
  })

  it('leaves at once when the server ends, as does each one after it', async () => {
    const held = new HeldReplies(2)
    const all = [held.hold(60_000)!, held.hold(60_000)!]
    held.letGo()
    await Promise.all(all)
    expect(held.hold(60_000)).toBeUndefined()
  })
})

describe('what is in work', () => {
  it('is waited for until the last of it is done', async () => {
    const inWork = new InWork()
    inWork.begin()
    inWork.begin()
    let isIdle = false
    const idle = inWork.noneWithin(60_000).then(() => (isIdle = true))
    inWork.done()
    await Promise.resolve()
    expect([inWork.count, isIdle]).toEqual([1, false])
    inWork.done()
    await idle
  })

  it('is waited for so long and no longer, and not at all where there is nothing', async () => {
    const inWork = new InWork()
    await inWork.noneWithin(60_000)
    inWork.begin()
    await inWork.noneWithin(5)
    expect(inWork.count).toBe(1)
  })
})
