// Parts of a zip file in the browser: found by its directory, unpacked only as far as is wanted.

type Part = { offset: number; size: number; isPacked: boolean }
export type Zip = { parts: ReadonlyMap<string, Part>; file: Blob }

const endOfDirectory = 0x06054b50
const entryOfDirectory = 0x02014b50
/** The end of the directory with the longest comment that there can be. */
const longestEnd = 65_557

/** Throws where the file is no zip file. */
export async function openZip(file: Blob): Promise<Zip> {
  const tailStart = Math.max(0, file.size - longestEnd)
  const tail = new DataView(await file.slice(tailStart).arrayBuffer())
  let end = tail.byteLength - 22
  while (end >= 0 && tail.getUint32(end, true) !== endOfDirectory) end -= 1
  if (end < 0) throw new Error('no zip file')
  const size = tail.getUint32(end + 12, true)
  const start = tail.getUint32(end + 16, true)
  const directory = new DataView(await file.slice(start, start + size).arrayBuffer())
  const parts = new Map<string, Part>()
  for (let at = 0; at + 46 <= directory.byteLength && directory.getUint32(at, true) === entryOfDirectory;) {
    const lengths = [28, 30, 32].map((place) => directory.getUint16(at + place, true)) as [number, number, number]
    const name = new TextDecoder().decode(new Uint8Array(directory.buffer, at + 46, lengths[0]))
    parts.set(name, {
      offset: directory.getUint32(at + 42, true),
      size: directory.getUint32(at + 20, true),
      isPacked: directory.getUint16(at + 10, true) === 8,
    })
    at += 46 + lengths[0] + lengths[1] + lengths[2]
  }
  return { parts, file }
}

/** The text of a part, at most so many octets of it; undefined: there is no such part. */
export async function zipText({ parts, file }: Zip, name: string, mostOctets: number): Promise<string | undefined> {
  const part = parts.get(name)
  if (part === undefined) return undefined
  const head = new DataView(await file.slice(part.offset, part.offset + 30).arrayBuffer())
  const start = part.offset + 30 + head.getUint16(26, true) + head.getUint16(28, true)
  const stored = file.slice(start, start + part.size).stream()
  const stream = part.isPacked ? stored.pipeThrough(new DecompressionStream('deflate-raw')) : stored
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (let octets = 0; octets < mostOctets;) {
    const { done, value } = await reader.read()
    if (done) break
    octets += value.length
    text += decoder.decode(value, { stream: true })
  }
  void reader.cancel().catch(() => undefined)
  return text
}
