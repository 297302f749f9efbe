import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maximumRecordOctets, recordOctets, segmentKey, writeRecord } from '../../../src/aaa/journal/record.ts'
import {
  beginSegment,
  countBeyond,
  damagedName,
  dataStart,
  makeBlank,
  newSegment,
  noteWaypoint,
  parseSegmentName,
  readHeader,
  segmentName,
  usedAfter,
  walkRecords,
} from '../../../src/aaa/journal/segment.ts'
import { createMemoryFiles, systemError } from '../../support/memory-files.ts'
import { numbered, range } from '../../support/numbered-records.ts'

const key = segmentKey(Buffer.alloc(16, 0x5a))

describe('the name of a segment', () => {
  it('says its first sequence, sorts like it, and remembers damage', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        (one, other) => {
          expect(parseSegmentName(segmentName(one))).toEqual({ first: one, damaged: false })
          expect(parseSegmentName(damagedName(segmentName(one)))).toEqual({ first: one, damaged: true })
          expect(segmentName(one) < segmentName(other)).toBe(one < other)
        },
      ),
    )
  })

  it.each(['progress', 'next.blank', '1.segment', '00000000000000000001.segment.old', ' 00000000000000000001.segment'])(
    'is not %s',
    (name) => expect(parseSegmentName(name)).toBeUndefined(),
  )

  it('that says damage already says it once', () => {
    const name = damagedName(segmentName(7n))
    expect(damagedName(name)).toBe(name)
  })
})

describe('a blank segment', () => {
  it('has its room written and synced before it is used', async () => {
    const files = createMemoryFiles()
    await makeBlank(files, '/j/next.blank', 3_000_000)
    files.losePower(() => false)
    files.put('/j/other', Buffer.alloc(0))
    expect(files.names()).toEqual(['/j/other'])
    const again = createMemoryFiles()
    await makeBlank(again, '/j/next.blank', 3_000_000)
    await again.syncDirectory('/j')
    again.losePower(() => false)
    expect(again.octetsOf('/j/next.blank').equals(Buffer.alloc(3_000_000))).toBe(true)
  })

  it('that does not fit on the disk leaves nothing there', async () => {
    const files = createMemoryFiles()
    let writes = 0
    files.failure = (operation) => (operation === 'write' && ++writes === 2 ? systemError('ENOSPC') : undefined)
    await expect(makeBlank(files, '/j/next.blank', 3_000_000)).rejects.toThrow('ENOSPC')
    expect(files.names()).toEqual([])
  })

  it('becomes a segment whose header is on the disk under its name', async () => {
    const files = createMemoryFiles()
    const file = await makeBlank(files, '/j/next.blank', 65_536)
    const { segment, key: made } = await beginSegment(files, { file, path: '/j/next.blank' }, 41n)
    expect(segment).toMatchObject({ path: `/j/${segmentName(41n)}`, first: 41n, last: 40n, end: dataStart })
    files.losePower(() => false)
    expect(files.names()).toEqual([segment.path])
    expect(await readHeader(await files.open(segment.path))).toEqual({ first: 41n, key: made, whole: true })
  })

  it('never has the id of another', async () => {
    const files = createMemoryFiles()
    const markers = new Set<string>()
    for (let n = 1n; n <= 20n; n++) {
      const file = await makeBlank(files, '/j/next.blank', 65_536)
      const { key: made } = await beginSegment(files, { file, path: '/j/next.blank' }, n)
      markers.add(`${made.marker.toString('hex')} ${made.seed}`)
    }
    expect(markers.size).toBe(20)
  })
})

describe('a header', () => {
  async function segmentFile() {
    const files = createMemoryFiles()
    const file = await makeBlank(files, '/j/next.blank', 65_536)
    const { segment, key: made } = await beginSegment(files, { file, path: '/j/next.blank' }, 9n)
    return { files, name: segment.path, made }
  }

  it('is read from its other copy when one is damaged, and is not whole then', async () => {
    const { files, name, made } = await segmentFile()
    for (const copy of [0, 4_096]) {
      for (let octet = copy; octet < copy + 40; octet++) {
        const spoilt = files.clone()
        spoilt.octetsOf(name)[octet]! ^= 1
        expect(await readHeader(await spoilt.open(name))).toEqual({ first: 9n, key: made, whole: false })
      }
    }
  })

  it('is none when both are, and none of arbitrary octets', async () => {
    const { files, name } = await segmentFile()
    for (const octet of [0, 4_096]) files.octetsOf(name)[octet]! ^= 1
    expect(await readHeader(await files.open(name))).toBeUndefined()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), async (noise) => {
        files.put(name, Buffer.from(noise))
        expect(await readHeader(await files.open(name))).toBeUndefined()
      }),
    )
  })
})

describe('walking through a segment', () => {
  /** A file with a record after each of these gaps of noise. */
  function fileOf(gaps: readonly number[]): Buffer {
    const parts = gaps.map((gap, n) => {
      const record = { ...numbered(n + 1, 4 + ((n * 53) % 900)), sequence: BigInt(n + 1) }
      const octets = Buffer.alloc(gap + recordOctets(record), 0x33)
      writeRecord(octets, gap, record, key)
      return octets
    })
    return Buffer.concat([Buffer.alloc(dataStart), ...parts, Buffer.alloc(3_000)])
  }

  it('finds every record whatever the size of the windows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.constant(0), fc.nat(8_000)), { maxLength: 40 }),
        fc.nat(20_000),
        async (gaps, more) => {
          const files = createMemoryFiles()
          files.put('/s', fileOf(gaps))
          const file = await files.open('/s')
          const bounds = { from: dataStart, to: await file.size(), windowOctets: maximumRecordOctets + 1 + more }
          const sequences: bigint[] = []
          for await (const found of walkRecords(file, key, bounds))
            sequences.push(...found.map(({ record }) => record.sequence))
          expect(sequences).toEqual(gaps.map((_, n) => BigInt(n + 1)))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('ends where the file ends, even when more was promised', async () => {
    const files = createMemoryFiles()
    files.put('/s', fileOf([0, 0, 0]))
    const file = await files.open('/s')
    let count = 0
    for await (const found of walkRecords(file, key, { from: dataStart, to: 10_000_000 })) count += found.length
    expect(count).toBe(3)
  })

  it('hands on any error of the disk but a page that cannot be read', async () => {
    const files = createMemoryFiles()
    files.put('/s', fileOf([0, 0, 0]))
    const walk = async () => {
      let count = 0
      const file = await files.open('/s')
      for await (const found of walkRecords(file, key, { from: dataStart, to: 20_000 })) count += found.length
      return count
    }
    files.readable = (_, from, to) => from >= 12_288 || to <= dataStart
    expect(await walk()).toBe(0)
    files.readable = (_, from) => from >= dataStart
    expect(await walk()).toBe(3)
    files.failure = (operation) => (operation === 'read' ? systemError('ENXIO') : undefined)
    await expect(walk()).rejects.toThrow('ENXIO')
  })
})

describe('small sums', () => {
  it('count the sequences of ranges beyond one', () => {
    const small = fc.nat(60).map(BigInt)
    const ranges = fc.array(fc.tuple(small, fc.nat(9)), { maxLength: 5 })
    fc.assert(
      fc.property(ranges, small, (some, after) => {
        const all = some.map(([from, length]) => ({ from, to: from + BigInt(length) }))
        const members = all.flatMap(({ from, to }) => range(Number(from), Number(to))).filter((n) => n > Number(after))
        expect(countBeyond(all, after)).toBe(BigInt(members.length))
      }),
    )
  })

  it('tell how far a file is used', async () => {
    const files = createMemoryFiles()
    const octets = Buffer.alloc(2_200_000)
    files.put('/s', octets)
    const file = await files.open('/s')
    expect(await usedAfter(file, 100)).toBe(0)
    for (const at of [150, 1_048_576, 2_199_999]) {
      octets[at] = 1
      expect(await usedAfter(file, 100)).toBe(at - 100 + 1)
    }
  })

  it('remember a place every 64 records', () => {
    const segment = newSegment('/s', 1n, key, false)
    for (const n of range(1, 300)) {
      noteWaypoint(segment, { sequence: BigInt(n), at: n * 10, receivedAt: numbered(n).receivedAt })
    }
    expect(segment.waypoints.map(({ sequence }) => sequence)).toEqual([1n, 65n, 129n, 193n, 257n])
  })
})
