import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SetAside } from '../../../src/aaa/accounting-replay.ts'
import { setAsideFile, writeSetAside } from '../../../src/aaa/journal/set-aside.ts'
import { createMemoryFiles, systemError } from '../../support/memory-files.ts'
import type { MemoryFiles } from '../../support/memory-files.ts'
import { numbered, range } from '../../support/numbered-records.ts'

const name = `/journal/${setAsideFile}`
const those = (numbers: readonly number[]): SetAside[] =>
  numbers.map((n) => ({ record: { ...numbered(n), sequence: BigInt(n) }, reason: 'its NAS is gone' }))
const write = (files: MemoryFiles, numbers: readonly number[]) => writeSetAside('/journal', those(numbers), files)
const linesIn = (files: MemoryFiles) => files.octetsOf(name).toString().split('\n')
const sequencesIn = (files: MemoryFiles) =>
  linesIn(files).flatMap((line) => (line === '' ? [] : [Number((JSON.parse(line) as { sequence: string }).sequence)]))

describe('what is set aside', () => {
  it('is a line for each record, with all that is known of it, behind what was there', async () => {
    const files = createMemoryFiles()
    await write(files, [1, 2])
    await write(files, [3])
    expect(sequencesIn(files)).toEqual([1, 2, 3])
    const { packet, receivedAt } = numbered(3)
    expect(JSON.parse(linesIn(files)[2]!)).toEqual({
      sequence: '3',
      received_at: receivedAt.toISOString(),
      nas_id: '3',
      username: 'subscriber-3',
      reason: 'its NAS is gone',
      packet: packet.toString('hex'),
    })
  })

  it('is still there after a loss of power, the name of the file too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.boolean()), async (chances) => {
        const files = createMemoryFiles()
        await write(files, [1])
        await write(files, [2, 3])
        files.losePower(() => chances.next().value as boolean)
        expect(sequencesIn(files)).toEqual([1, 2, 3])
      }),
    )
  })

  it.each(['write', 'sync'] as const)('is there whole or not at all when the disk is full at %s', async (operation) => {
    const files = createMemoryFiles()
    await write(files, [1])
    files.failure = (one) => (one === operation ? systemError('ENOSPC') : undefined)
    await expect(write(files, range(2, 9))).rejects.toMatchObject({ code: 'ENOSPC' })
    files.failure = () => undefined
    await write(files, range(2, 9))
    expect(sequencesIn(files)).toEqual(range(1, 9))
  })

  it('begins a line of its own behind one that was cut', async () => {
    const files = createMemoryFiles()
    await write(files, [1, 2])
    const cut = files.octetsOf(name).subarray(0, -7)
    files.put(name, Buffer.from(cut))
    await write(files, [3])
    const lines = linesIn(files)
    expect(lines).toHaveLength(4)
    expect([lines[0], lines[2]].map((line) => (JSON.parse(line!) as { sequence: string }).sequence)).toEqual(['1', '3'])
  })

  it('is not told as set aside where the file cannot be opened', async () => {
    const files = createMemoryFiles()
    await write(files, [1])
    files.failure = (operation) => (operation === 'open' ? systemError('EACCES') : undefined)
    await expect(write(files, [2])).rejects.toMatchObject({ code: 'EACCES' })
    expect(sequencesIn(files)).toEqual([1])
  })
})
