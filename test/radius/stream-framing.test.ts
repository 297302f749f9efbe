import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maximumLength } from '../../src/radius/packet.ts'
import { StreamFraming } from '../../src/radius/stream-framing.ts'

/** A packet as framing sees it: only its Length must be right. */
const packet = fc.uint8Array({ minLength: 20, maxLength: 400 }).map((octets) => withLength(octets, octets.length))

function withLength(octets: Uint8Array, length: number): Buffer {
  const made = Buffer.from(octets)
  made.writeUInt16BE(length, 2)
  return made
}

/** The stream in pieces of these sizes, over and over. */
function cut(stream: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const size = sizes[turn % sizes.length]!
    pieces.push(stream.subarray(at, at + size))
    at += size
  }
  return pieces
}

const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 })

describe('a stream of packets', () => {
  it('gives the same packets however it is cut', () => {
    fc.assert(
      fc.property(fc.array(packet, { minLength: 1, maxLength: 12 }), sizes, (packets, pieces) => {
        const framing = new StreamFraming()
        const framed = cut(Buffer.concat(packets), pieces).map((piece) => framing.push(piece))
        expect(framed.flatMap((one) => one.packets)).toEqual(packets)
        expect(framed.some((one) => one.broken)).toBe(false)
        expect(framing.held).toBe(0)
      }),
    )
  })

  it('gives what came before a Length that cannot be, and nothing after it', () => {
    const bad = fc.oneof(fc.integer({ min: 0, max: 19 }), fc.integer({ min: maximumLength + 1, max: 65_535 }))
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 4 }), bad, packet, sizes, (before, length, after, pieces) => {
        const framing = new StreamFraming()
        const broken = withLength(Buffer.alloc(20, 1), length)
        const framed = cut(Buffer.concat([...before, broken, after]), pieces).map((piece) => framing.push(piece))
        expect(framed.flatMap((one) => one.packets)).toEqual(before)
        expect(framed.at(-1)!.broken).toBe(true)
      }),
    )
  })

  it('takes the shortest and the longest packet', () => {
    const framing = new StreamFraming()
    const packets = [withLength(Buffer.alloc(20), 20), withLength(Buffer.alloc(maximumLength, 7), maximumLength)]
    expect(framing.push(Buffer.concat(packets))).toEqual({ packets, broken: false })
  })

  it('holds what is not whole yet, and keeps its own copy of it', () => {
    const framing = new StreamFraming()
    const whole = withLength(Buffer.alloc(30, 5), 30)
    const first = Buffer.from(whole.subarray(0, 12))
    expect(framing.push(first).packets).toEqual([])
    expect(framing.held).toBe(12)
    first.fill(0)
    expect(framing.push(whole.subarray(12)).packets).toEqual([whole])
  })

  it('gives packets that stay as they are when the next ones arrive', () => {
    const framing = new StreamFraming()
    const [first] = framing.push(withLength(Buffer.alloc(20, 1), 20)).packets
    framing.push(withLength(Buffer.alloc(20, 2), 20))
    expect(first![0]).toBe(1)
  })
})
