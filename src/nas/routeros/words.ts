// Words and sentences of the RouterOS API: a word is its length in one to five octets and then its octets; a sentence is words
// up to one of length zero. Text is UTF-8; what is not comes out with replacement characters rather than as an error.
import { RouterError } from './router-error.ts'

/** The length forms: how many octets, the mark in the first one, and the first length that is too long for the form. */
const forms = [
  { octets: 1, mark: 0x00, end: 0x80 },
  { octets: 2, mark: 0x80, end: 0x4000 },
  { octets: 3, mark: 0xc0, end: 0x20_0000 },
  { octets: 4, mark: 0xe0, end: 0x1000_0000 },
  { octets: 5, mark: 0xf0, end: 0x1_0000_0000 },
] as const

/** The shortest form of a length. */
export function encodeLength(length: number): Buffer {
  const form = forms.find(({ end }) => length < end)
  if (form === undefined) throw new RangeError(`a word of ${length} octets is too long`)
  const encoded = Buffer.alloc(form.octets)
  // The fifth form has the mark alone in its first octet, so that the length has the other four for itself.
  const lengthOctets = Math.min(form.octets, 4)
  encoded.writeUIntBE(length, form.octets - lengthOctets, lengthOctets)
  encoded[0] = encoded[0]! | form.mark
  return encoded
}

/** The length at that place and how many octets it takes; undefined where some of it is still to come. */
export function readLength(octets: Buffer, at: number): { length: number; octets: number } | undefined {
  const first = octets[at]
  if (first === undefined) return undefined
  if (first > 0xf0) throw new RouterError('protocol', `the router sent a control octet (${first}) that nobody defined`)
  const form = forms.findLast(({ mark }) => first >= mark)!
  if (at + form.octets > octets.length) return undefined
  if (form.octets === 5) return { length: octets.readUInt32BE(at + 1), octets: 5 }
  const marked = octets.readUIntBE(at, form.octets)
  return { length: marked - form.mark * 256 ** (form.octets - 1), octets: form.octets }
}

/** A sentence as it goes over the wire. */
export function encodeSentence(words: readonly string[]): Buffer {
  const parts = words.flatMap((word) => {
    const octets = Buffer.from(word, 'utf8')
    return [encodeLength(octets.length), octets]
  })
  return Buffer.concat([...parts, Buffer.alloc(1)])
}

export type Sentence = { readonly words: readonly string[]; readonly octets: number }

/**
 * Takes octets as they come, cut anywhere, and gives the sentences that are complete. A sentence longer than `maximum` is an
 * error as soon as its length is known: a router, or who answers in its place, must not fill the memory.
 */
export function createSentenceReader(maximum: number): (chunk: Buffer) => Sentence[] {
  let rest: Buffer[] = []
  let restLength = 0
  let wanted = 1
  let words: string[] = []
  let octets = 0

  return (chunk) => {
    rest.push(chunk)
    restLength += chunk.length
    // A long word in many chunks is put together once, when its last octet is here.
    if (restLength < wanted) return []
    const buffer = rest.length === 1 ? chunk : Buffer.concat(rest)
    const sentences: Sentence[] = []
    let at = 0
    wanted = 1
    for (;;) {
      const head = readLength(buffer, at)
      if (head === undefined) {
        wanted = buffer.length - at + 1
        break
      }
      const total = head.octets + head.length
      if (octets + total > maximum) throw new RouterError('protocol', `the answer is longer than ${maximum} octets`)
      if (at + total > buffer.length) {
        wanted = total
        break
      }
      octets += total
      if (head.length > 0) {
        words.push(buffer.toString('utf8', at + head.octets, at + total))
      } else {
        if (words.length > 0) sentences.push({ words, octets })
        words = []
        octets = 0
      }
      at += total
    }
    rest = at === buffer.length ? [] : [buffer.subarray(at)]
    restLength = buffer.length - at
    return sentences
  }
}
