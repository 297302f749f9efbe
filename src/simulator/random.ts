// Random numbers that repeat: the same seed and label give the same numbers on every machine, whatever else runs meanwhile.
// sfc32 (Chris Doty-Humphrey) seeded by xmur3; never for secrets.

export type Seed = string | number

export type Random = {
  /** From 0 to below 1. */
  next(): number
  /** A whole number from 0 to below `below`. */
  integer(below: number): number
  /** True with the probability given (0 to 1). Draws nothing when it is 0 or 1. */
  chance(probability: number): boolean
  octets(length: number): Buffer
  /** Independent numbers for one purpose: what is drawn from one fork never moves another. */
  fork(label: Seed): Random
}

/** Numbers from a seed. */
export function createRandom(seed: Seed): Random {
  const text = String(seed)
  const mix = hashText(text)
  let a = mix()
  let b = mix()
  let c = mix()
  let counter = 1

  const word = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  // The first words still show the seed.
  for (let i = 0; i < 12; i++) word()
  const next = (): number => word() / 2 ** 32

  return {
    next,
    integer: (below) => Math.floor(next() * below),
    chance: (probability) => probability > 0 && (probability >= 1 || next() < probability),
    octets(length) {
      const octets = Buffer.allocUnsafe(length)
      for (let i = 0; i < length; i++) octets[i] = word() >>> 24
      return octets
    },
    fork: (label) => createRandom(`${text}/${label}`),
  }
}

function hashText(text: string): () => number {
  let h = 1779033703 ^ text.length
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 3432918353)
    h = (h << 13) | (h >>> 19)
  }
  return () => {
    h = Math.imul(h ^ (h >>> 16), 2246822507)
    h = Math.imul(h ^ (h >>> 13), 3266489909)
    h ^= h >>> 16
    return h >>> 0
  }
}
