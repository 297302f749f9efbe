import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSentenceReader, encodeLength, encodeSentence, readLength } from '../../../src/nas/routeros/words.ts'

/** The first and last length of every form, with its octets as the manual shows them. */
const edges: [number, string][] = [
  [0, '00'],
  [0x7f, '7f'],
  [0x80, '8080'],
  [0x3fff, 'bfff'],
  [0x4000, 'c04000'],
  [0x1f_ffff, 'dfffff'],
  [0x20_0000, 'e0200000'],
  [0xfff_ffff, 'efffffff'],
  [0x1000_0000, 'f010000000'],
  [0xffff_ffff, 'f0ffffffff'],
]

/** Lengths of every form alike: a plain integer would nearly always take the fifth. */
const anyLength = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0x80, max: 0x3fff }),
  fc.integer({ min: 0x4000, max: 0x1f_ffff }),
  fc.integer({ min: 0x20_0000, max: 0xfff_ffff }),
  fc.integer({ min: 0x1000_0000, max: 0xffff_ffff }),
)

describe('the length of a word', () => {
  it.each(edges)('%i is %s', (length, hex) => {
    expect(encodeLength(length).toString('hex')).toBe(hex)
    expect(readLength(Buffer.from(hex, 'hex'), 0)).toEqual({ length, octets: hex.length / 2 })
  })

  it('is read as it was written, in all five forms, wherever it stands', () => {
    fc.assert(
      fc.property(anyLength, fc.uint8Array({ maxLength: 8 }), (length, before) => {
        const encoded = encodeLength(length)
        const octets = Buffer.concat([before, encoded, Buffer.from([0xff])])
        expect(readLength(octets, before.length)).toEqual({ length, octets: encoded.length })
      }),
    )
  })

  it('is not known before its last octet is here', () => {
    fc.assert(
      fc.property(anyLength, (length) => {
        const encoded = encodeLength(length)
        for (let end = 0; end < encoded.length; end += 1) {
          expect(readLength(encoded.subarray(0, end), 0)).toBeUndefined()
        }
      }),
    )
  })

  it('has an end', () => {
    expect(() => encodeLength(0x1_0000_0000)).toThrow(RangeError)
  })

  it('is no control octet', () => {
    for (const octet of [0xf1, 0xf8, 0xff]) {
      expect(() => readLength(Buffer.from([octet]), 0)).toThrow('control octet')
    }
  })
})

describe('sentences', () => {
  const anySentence = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), {
    minLength: 1,
    maxLength: 6,
  })

  it('come out as they went in, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(anySentence, { maxLength: 5 }), fc.array(fc.nat(2000), { maxLength: 20 }), (all, cuts) => {
        const octets = Buffer.concat(all.map((words) => encodeSentence(words)))
        const read = createSentenceReader(100_000)
        const places = [0, ...cuts.map((cut) => Math.min(cut, octets.length)).toSorted((a, b) => a - b), octets.length]
        const found = places.flatMap((end, at) => read(octets.subarray(places[at - 1] ?? 0, end)))
        expect(found.map(({ words }) => words)).toEqual(all)
        expect(found.reduce((sum, sentence) => sum + sentence.octets, 0)).toBe(octets.length)
      }),
    )
  })

  it('come out of single octets', () => {
    const words = ['!re', '=.id=*1', '=comment=Straße Nº 5, 東京', `=long=${'x'.repeat(70_000)}`]
    const read = createSentenceReader(100_000)
    const found = [...encodeSentence(words)].flatMap((octet) => read(Buffer.from([octet])))
    expect(found.map((sentence) => sentence.words)).toEqual([words])
  })

  it('that are empty are passed over', () => {
    expect(createSentenceReader(100)(Buffer.alloc(3))).toEqual([])
  })

  it('are refused as soon as their length is known to be too long', () => {
    const read = createSentenceReader(1000)
    expect(() => read(Buffer.from('f0ffffffff', 'hex'))).toThrow('longer than 1000 octets')
  })

  it('are refused when many short words make them too long', () => {
    const read = createSentenceReader(1000)
    const word = Buffer.concat([Buffer.from([100]), Buffer.alloc(100, 'x')])
    for (let count = 0; count < 9; count += 1) expect(read(word)).toEqual([])
    expect(() => read(word)).toThrow('longer than 1000 octets')
  })

  it('keep no more than what is not complete yet', () => {
    const read = createSentenceReader(1000)
    for (let count = 0; count < 1000; count += 1) expect(read(encodeSentence(['!re', '=a=b']))).toHaveLength(1)
  })
})
