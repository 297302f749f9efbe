import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openZip } from '../../../src/domain/import/zip-file.ts'
import type { ZipFile } from '../../../src/domain/import/zip-file.ts'
import { zip } from '../../support/zip-archive.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-zip-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function withZip<T>(
  octets: Uint8Array,
  use: (archive: ZipFile, file: FileHandle) => Promise<T>,
  maximumUnpacked = 1_000_000,
): Promise<T> {
  const path = join(folder, 'file.zip')
  await writeFile(path, octets)
  const file = await open(path)
  try {
    return await use(await openZip(file, { maximumUnpacked }), file)
  } finally {
    await file.close()
  }
}

async function textOf(archive: ZipFile, name: string): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of archive.entry(name)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const one = (text: string, changes = {}) => zip([{ name: 'a', text, ...changes }])

describe('a zip archive', () => {
  it('gives its entries by name, packed or stored, as often as they are asked for', async () => {
    const octets = zip([
      { name: 'packed', text: 'x'.repeat(100_000) },
      { name: 'stored', text: 'plain', method: 0 },
      { name: 'empty', text: '', method: 0 },
      { name: 'größe/日本', text: 'named' },
    ])
    await withZip(octets, async (archive) => {
      expect(['packed', 'stored', 'Packed', 'size', ''].map((name) => archive.has(name))).toEqual([
        true,
        true,
        false,
        false,
        false,
      ])
      expect(await textOf(archive, 'packed')).toBe('x'.repeat(100_000))
      expect(await textOf(archive, 'packed')).toHaveLength(100_000)
      expect(await textOf(archive, 'stored')).toBe('plain')
      expect(await textOf(archive, 'empty')).toBe('')
      expect(await textOf(archive, 'größe/日本')).toBe('named')
      await expect(textOf(archive, 'missing')).rejects.toThrow('a part of it is missing')
    })
  })

  it('without entries is one too', async () => {
    await withZip(zip([]), (archive) => {
      expect(archive.has('a')).toBe(false)
      return Promise.resolve()
    })
  })

  it('may have octets before it, as one that unpacks itself, only where its directory says where it is', async () => {
    const octets = Buffer.concat([Buffer.from('#!/bin/sh\n'), one('x')])
    await expect(withZip(octets, (archive) => textOf(archive, 'a'))).rejects.toThrow('is damaged')
  })

  it('with the longest comment is found, and with a comment that looks like an end is not misled', async () => {
    expect(await withZip(zip([{ name: 'a', text: 'x' }], 'c'.repeat(65_535)), (archive) => textOf(archive, 'a'))).toBe(
      'x',
    )
    const trick = zip([{ name: 'a', text: 'x' }], `PK\u0005\u0006${'\0'.repeat(18)}`)
    // The last end that there is counts: it says that there is nothing.
    await withZip(trick, (archive) => {
      expect(archive.has('a')).toBe(false)
      return Promise.resolve()
    })
  })

  it('that is read to its half leaves the file usable', async () => {
    await withZip(one('y'.repeat(500_000)), async (archive) => {
      for await (const chunk of archive.entry('a')) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
      expect(await textOf(archive, 'a').catch((error: Error) => error.message)).toHaveLength(500_000)
    })
  })
})

/** The archive with some octets of its end or its first directory entry written over. */
function patched(octets: Buffer, place: 'end' | 'central' | 'local', at: number, value: number, size: 2 | 4): Buffer {
  const copy = Buffer.from(octets)
  const end = copy.lastIndexOf(Buffer.from('PK\u0005\u0006'))
  const start = place === 'end' ? end : place === 'central' ? copy.readUInt32LE(end + 16) : 0
  if (size === 2) copy.writeUInt16LE(value, start + at)
  else copy.writeUInt32LE(value, start + at)
  return copy
}

describe('W29: an archive that lies', () => {
  const plain = one('hello hello hello')
  it.each<[string, Buffer, string]>([
    ['about the number of its entries, as too many', patched(plain, 'end', 10, 2, 2), 'it has several parts'],
    ['about both of its numbers', patched(patched(plain, 'end', 10, 2, 2), 'end', 8, 2, 2), 'its directory is damaged'],
    ['about the disk that it is on', patched(plain, 'end', 4, 1, 2), 'it has several parts'],
    ['about where its directory is', patched(plain, 'end', 16, 0xffff_0000, 4), 'its directory is elsewhere'],
    ['about the size of its directory', patched(plain, 'end', 12, 999_999, 4), 'its directory is elsewhere'],
    ['in the way of ZIP64', patched(plain, 'end', 12, 0xffff_ffff, 4), 'it has too many entries'],
    ['about the sign of its directory', patched(plain, 'central', 0, 7, 4), 'its directory is damaged'],
    ['about where an entry is', patched(plain, 'central', 42, 4, 4), 'overlap'],
    ['about an entry behind the file', patched(plain, 'central', 42, 0x7fff_ffff, 4), 'its entries overlap'],
    ['about how much is packed', patched(plain, 'central', 20, 0x7fff_ffff, 4), 'its entries overlap'],
    ['about the sign of an entry', patched(plain, 'local', 0, 7, 4), 'an entry is not where it should be'],
    ['about the length of a name in the entry', patched(plain, 'local', 26, 60_000, 2), 'its entries overlap'],
    ['about an extra field in the entry', patched(plain, 'local', 28, 60_000, 2), 'its entries overlap'],
    ['about its size, one less', patched(plain, 'central', 24, 16, 4), 'larger than it says'],
    ['about its size, one more', patched(plain, 'central', 24, 18, 4), 'shorter than it says'],
    ['about its size, nothing', patched(plain, 'central', 24, 0, 4), 'larger than it says'],
    ['about its size, four gigabytes', patched(plain, 'central', 24, 0xffff_fff0, 4), 'more than 1 MB'],
    ['about how it is packed, as encrypted strongly', patched(plain, 'central', 8, 65, 2), 'it is encrypted'],
    ['about how it is packed, Deflate64', patched(plain, 'central', 10, 9, 2), 'not known here'],
  ])('%s is refused', async (_what, octets, reason) => {
    await expect(withZip(octets, (archive) => textOf(archive, 'a'))).rejects.toMatchObject({
      name: 'ImportFileError',
      line: 1,
      message: expect.stringContaining(reason) as string,
    })
  })

  it('is refused where what is packed is no deflate stream, or ends in its middle', async () => {
    const packed = deflateRawSync(Buffer.from('hello '.repeat(1_000)))
    for (const wrong of [Buffer.alloc(packed.length, 0xff), packed.subarray(0, packed.length - 3)]) {
      const octets = patched(zip([{ name: 'a', text: wrong, method: 0, size: 6_000 }]), 'central', 10, 8, 2)
      await expect(withZip(octets, (archive) => textOf(archive, 'a'))).rejects.toThrow(
        /it is damaged|shorter than it says/,
      )
    }
  })

  it('is refused where entries are small each and too large together, each as honest as can be', async () => {
    const parts = Array.from({ length: 30 }, (_, at) => ({ name: `e${at}`, text: 'x'.repeat(50_000) }))
    await expect(withZip(zip(parts), () => Promise.resolve())).rejects.toThrow('more than 1 MB when it is unpacked')
    const work = async (archive: ZipFile) => {
      for (const { name } of parts) await textOf(archive, name)
    }
    await expect(withZip(zip(parts), work, 1_500_000)).resolves.toBeUndefined()
  })

  it('gives no more than is allowed, though one entry is read again and again', async () => {
    await withZip(one('x'.repeat(400_000)), async (archive) => {
      await textOf(archive, 'a')
      await textOf(archive, 'a')
      await expect(textOf(archive, 'a')).rejects.toThrow('more than 1 MB')
    })
  })

  it('hands out nothing of a bomb beyond a piece more than it says', async () => {
    // A thousand to one, and it says that it is 1000 octets.
    const octets = one('\0'.repeat(50_000_000), { size: 1_000 })
    await withZip(octets, async (archive) => {
      let seen = 0
      const read = async () => {
        for await (const chunk of archive.entry('a')) seen += chunk.length
      }
      await expect(read()).rejects.toThrow('larger than it says')
      expect(seen).toBe(0)
    })
  })

  it('two entries at one place, or one inside of the other, unpack nothing twice', async () => {
    const inner = zip([{ name: 'inner', text: 'x' }])
    // A quine in the making: an archive stored in an archive, pointed into.
    const nested = zip([
      { name: 'outer', text: inner, method: 0 },
      { name: 'b', text: 'x', offset: 36 },
    ])
    await expect(withZip(nested, () => Promise.resolve())).rejects.toThrow('its entries overlap')
    const twice = zip([
      { name: 'a', text: 'same' },
      { name: 'b', text: 'same', offset: 0 },
    ])
    await expect(withZip(twice, () => Promise.resolve())).rejects.toThrow('its entries overlap')
  })

  it('an archive inside of an archive is octets', async () => {
    const inner = zip([{ name: 'xl/workbook.xml', text: 'x' }])
    await withZip(zip([{ name: 'inner.zip', text: inner }]), async (archive) => {
      expect(archive.has('xl/workbook.xml')).toBe(false)
      expect((await textOf(archive, 'inner.zip')).startsWith('PK')).toBe(true)
    })
  })

  it('with any octets changed is read or refused, and never anything else', async () => {
    const honest = zip([
      { name: 'a', text: 'some text that is packed' },
      { name: 'b', text: 'stored', method: 0 },
    ])
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(honest.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const octets = Buffer.from(honest)
          for (const [at, value] of changes) octets[at] = value
          try {
            await withZip(octets, async (archive) => {
              for (const name of ['a', 'b']) if (archive.has(name)) await textOf(archive, name)
            })
          } catch (error) {
            expect((error as Error).name).toBe('ImportFileError')
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})
