// Everything that was ever kept of a target is run again, and structured octets made by chance: nothing throws, no rule breaks.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attribute } from '../support/radius.ts'
import { readCorpus, readVectors } from './corpus.ts'
import { hiddenFault } from './hidden-fault.ts'
import type { LoopResult } from './loop.ts'
import { targets } from './targets.ts'

const loop = fileURLToPath(new URL('./loop.ts', import.meta.url))

/** Octets that look like attributes, at most three deep, with lengths that are mostly right. */
const octets = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes))
const type = fc.oneof(
  fc.constantFrom(1, 2, 3, 4, 26, 31, 40, 44, 55, 60, 79, 80, 87, 241, 245),
  fc.integer({ min: 0, max: 255 }),
)
const flat = fc.tuple(type, octets(60)).map(([one, value]) => attribute(one, value))
const vendor = fc
  .tuple(fc.constantFrom(9, 311, 529, 2011, 2352, 4874, 6527, 14988), fc.array(flat, { maxLength: 3 }))
  .map(([id, inner]) => {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(id)
    return attribute(26, Buffer.concat([head, ...inner]).subarray(0, 250))
  })
const extended = fc.tuple(fc.constantFrom(241, 242, 245, 246), octets(60)).map(([one, value]) => attribute(one, value))
const attributes = fc
  .array(fc.oneof(flat, flat, vendor, extended), { maxLength: 20 })
  .map((list) => Buffer.concat(list))
const wrong = fc.tuple(attributes, fc.nat(), fc.nat({ max: 255 })).map(([list, at, value]) => {
  if (list.length > 0) list[at % list.length] = value
  return list
})
const packet = fc.tuple(fc.constantFrom(1, 4, 12, 2, 40), fc.oneof(attributes, wrong)).map(([code, list]) => {
  const header = Buffer.alloc(20, 9)
  header[0] = code
  header.writeUInt16BE((20 + list.length) & 0xffff, 2)
  return Buffer.concat([header, list])
})
const shapes: Record<string, fc.Arbitrary<Buffer>> = { datagram: packet, roundtrip: attributes, readers: attributes }

describe.each(Object.entries(targets))('fuzz target %s', (name, target) => {
  it('R50: holds for every input that was kept, and for packets that others made', () => {
    const kept = readCorpus(name)
    expect(kept.length).toBeGreaterThan(0)
    for (const { file, data } of kept) {
      try {
        target(data)
      } catch (cause) {
        throw new Error(`${file}: ${data.toString('hex')}`, { cause })
      }
    }
    for (const data of readVectors()) target(data)
  })

  it('R50: holds for octets made by chance', () => {
    const data = fc.oneof(shapes[name] ?? wrong, wrong, octets(300))
    expect(
      fc.check(
        fc.property(data, (one) => target(one)),
        { numRuns: 500 },
      ),
    ).toMatchObject({ failed: false })
  })
})

describe('the coverage loop', () => {
  it(
    'finds what lies behind conditions that chance alone would not meet, and stops there',
    { timeout: 90_000 },
    async () => {
      // In a process of its own, as it is meant to run; this seed needs some 1,700 runs.
      const { stdout } = await promisify(execFile)(process.execPath, [loop, 'hidden-fault', '60', 'seed1'])
      const { crash, error, found } = JSON.parse(stdout) as LoopResult
      expect(error).toBe('Error: found')
      expect(() => hiddenFault(Buffer.from(crash ?? '', 'hex'))).toThrow('found')
      expect(found).toBe(3)
    },
  )
})
