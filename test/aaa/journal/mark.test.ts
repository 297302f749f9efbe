import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openMark } from '../../../src/aaa/journal/mark.ts'
import { createMemoryFiles, systemError } from '../../support/memory-files.ts'

const directory = '/journal'
const file = '/journal/progress'
const at = (done: bigint, written = done) => ({ done, written })

describe('the mark of progress', () => {
  it('begins at nothing, and holds what was written last', async () => {
    const files = createMemoryFiles()
    const first = await openMark(files, directory)
    expect(first.progress).toEqual(at(0n))
    for (let done = 1n; done <= 5n; done++) await first.mark.write(at(done, done + 9n))
    await first.mark.close()
    expect((await openMark(files, directory)).progress).toEqual(at(5n, 14n))
  })

  it('goes on counting after a restart, back as well as forward', async () => {
    const files = createMemoryFiles()
    for (const done of [9n, 4n, 2n ** 63n, 7n, 1n]) {
      const { mark } = await openMark(files, directory)
      await mark.write(at(done))
      await mark.close()
      expect((await openMark(files, directory)).progress).toEqual(at(done))
    }
  })

  it('costs one write and one fdatasync', async () => {
    const files = createMemoryFiles()
    const { mark } = await openMark(files, directory)
    await mark.write(at(1n))
    const before = new Map(files.counts)
    await mark.write(at(2n))
    expect(files.counts.get('write')! - before.get('write')!).toBe(1)
    expect(files.counts.get('sync')! - before.get('sync')!).toBe(1)
    expect(files.counts.get('rename')).toBe(before.get('rename'))
  })

  it('with any octet changed gives this writing or the one before, never anything else', async () => {
    const files = createMemoryFiles()
    const { mark } = await openMark(files, directory)
    for (const done of [70n, 80n]) await mark.write(at(done))
    const whole = Buffer.from(files.octetsOf(file))
    for (let octet = 0; octet < whole.length; octet += 1) {
      if (octet % 4_096 > 40) continue
      const spoilt = Buffer.from(whole)
      spoilt[octet]! ^= 0x10
      files.put(file, spoilt)
      expect([70n, 80n], `octet ${octet}`).toContain((await openMark(files, directory)).progress.done)
    }
  })

  it('survives a loss of power while it is written: this writing or the one before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.bigInt({ min: 1n, max: 2n ** 60n }), { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.boolean()),
        fc.nat(8),
        async (values, chances, when) => {
          const files = createMemoryFiles()
          const { mark } = await openMark(files, directory)
          let before = 0n
          for (const value of values.slice(0, -1)) {
            await mark.write(at(value))
            before = value
          }
          let countdown = when
          let dark = files
          files.failure = () => {
            if (countdown-- === 0) dark = files.clone()
            return undefined
          }
          await mark.write(at(values.at(-1)!))
          dark.losePower(() => chances.next().value!)
          expect([before, values.at(-1)]).toContain((await openMark(dark, directory)).progress.done)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('is made anew after an fdatasync that failed, and told as not written', async () => {
    const files = createMemoryFiles()
    const { mark } = await openMark(files, directory)
    await mark.write(at(1n))
    files.failure = (operation) => (operation === 'sync' ? systemError('EIO') : undefined)
    await expect(mark.write(at(2n))).rejects.toThrow('EIO')
    await expect(mark.write(at(3n))).rejects.toThrow('EIO')
    files.failure = () => undefined
    const renames = files.counts.get('rename') ?? 0
    await mark.write(at(4n))
    expect(files.counts.get('rename')).toBe(renames + 1)
    expect((await openMark(files, directory)).progress).toEqual(at(4n))
  })

  it('that is of arbitrary octets is none, and one that cannot be read too: all that is kept is offered again', async () => {
    const files = createMemoryFiles()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 9_000 }), async (noise) => {
        files.put(file, Buffer.from(noise))
        expect((await openMark(files, directory)).progress).toEqual(at(0n))
      }),
    )
    files.failure = (operation) => (operation === 'read' ? systemError('EIO') : undefined)
    expect((await openMark(files, directory)).progress).toEqual(at(0n))
    files.failure = (operation) => (operation === 'open' ? systemError('EACCES') : undefined)
    await expect(openMark(files, directory)).rejects.toThrow('EACCES')
  })
})
