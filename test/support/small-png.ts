// A picture of the browser in a third of its octets: a page has few colours, so that a palette of 256 holds them; of the shades of
// letters the rarest become their nearest neighbours, which no eye sees.

import { crc32, deflateSync, inflateSync } from 'node:zlib'

const signatureOctets = 8
const mostColours = 256
type Chunk = { type: string; data: Buffer }

/** Throws where it is none of the pictures that Chromium makes: eight bits of red, green, blue, and at most opacity. */
export function smallPng(png: Buffer): Buffer {
  const chunks = chunksOf(png)
  const head = Buffer.from(chunks.find(({ type }) => type === 'IHDR')!.data)
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)]
  const channels = { 2: 3, 6: 4 }[head[9]!]
  if (channels === undefined || head[8] !== 8 || head[12] !== 0) throw new Error('not a picture of the browser')
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data))
  const pixels = unfiltered(inflateSync(packed), width * channels, height, channels)
  const colours = Array.from({ length: width * height }, (_, at) => pixels.readUIntBE(at * channels, 3))
  const palette = commonest(colours)
  const places = new Map(palette.map((colour, place) => [colour, place]))
  const rows = Buffer.alloc((width + 1) * height)
  for (const [at, colour] of colours.entries()) {
    let place = places.get(colour)
    if (place === undefined) places.set(colour, (place = nearest(palette, colour)))
    rows[at + Math.floor(at / width) + 1] = place
  }
  head[9] = 3
  const colourOctets = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]))
  return Buffer.concat([
    png.subarray(0, signatureOctets),
    written({ type: 'IHDR', data: head }),
    written({ type: 'PLTE', data: colourOctets }),
    written({ type: 'IDAT', data: deflateSync(rows, { level: 9, memLevel: 9 }) }),
    written({ type: 'IEND', data: Buffer.alloc(0) }),
  ])
}

function chunksOf(png: Buffer): Chunk[] {
  const chunks: Chunk[] = []
  for (let at = signatureOctets; at < png.length; at += 12 + chunks.at(-1)!.data.length) {
    const type = png.toString('latin1', at + 4, at + 8)
    chunks.push({ type, data: png.subarray(at + 8, at + 8 + png.readUInt32BE(at)) })
  }
  return chunks
}

function written({ type, data }: Chunk): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [before, after] = [Buffer.alloc(4), Buffer.alloc(4)]
  before.writeUInt32BE(data.length)
  after.writeUInt32BE(crc32(named))
  return Buffer.concat([before, named, after])
}

/** Each row says how it is written: as it is, or as what differs from the pixel before it and above it. */
function unfiltered(rows: Buffer, stride: number, height: number, step: number): Buffer {
  const pixels = Buffer.alloc(stride * height)
  for (let y = 0; y < height; y += 1) {
    const filter = rows[y * (stride + 1)]!
    for (let x = 0; x < stride; x += 1) {
      const at = y * stride + x
      const left = x < step ? 0 : pixels[at - step]!
      const up = y === 0 ? 0 : pixels[at - stride]!
      const corner = x < step || y === 0 ? 0 : pixels[at - stride - step]!
      const guesses = [0, left, up, (left + up) >> 1, paeth(left, up, corner)]
      pixels[at] = rows[y * (stride + 1) + 1 + x]! + guesses[filter]!
    }
  }
  return pixels
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner
  const [toLeft, toUp, toCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)]
  if (toLeft <= toUp && toLeft <= toCorner) return left
  return toUp <= toCorner ? up : corner
}

function commonest(colours: readonly number[]): number[] {
  const counts = new Map<number, number>()
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1)
  return [...counts]
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, mostColours)
    .map(([colour]) => colour)
}

function nearest(palette: readonly number[], colour: number): number {
  const distances = palette.map((one) =>
    [16, 8, 0].reduce((sum, shift) => sum + (((one >> shift) & 255) - ((colour >> shift) & 255)) ** 2, 0),
  )
  return distances.indexOf(Math.min(...distances))
}
