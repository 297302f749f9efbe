import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { receiveFile, removeFile } from '../../../src/domain/import/receive.ts'
import { sourceOfStream } from '../../../src/domain/import/source.ts'
import { octetsOf } from '../../support/import.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-receive-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name))
})

const input = { folder, format: 'csv' as const, maximumOctets: 1_000_000 }

/** As much as is asked for, in pieces of 64 KB; tells how much was. */
function endless(total: number) {
  const told = { sent: 0, isEnded: false }
  const piece = Buffer.alloc(65_536, 'a,b\n')
  async function* stream(): AsyncGenerator<Uint8Array> {
    try {
      for (; told.sent < total; told.sent += piece.length) yield piece
    } finally {
      told.isEnded = true
    }
  }
  return { told, stream: stream() }
}

describe('a file that is sent', () => {
  it('is stored as it is under a name of ours, for nobody else to read, with its length and hash', async () => {
    const text = 'username,plan\nä,Home\n'
    const file = await receiveFile(octetsOf(text, 3), input)
    expect(file).toEqual({
      name: expect.stringMatching(/^import-[0-9a-f-]{36}\.csv$/) as string,
      format: 'csv',
      octets: Buffer.byteLength(text),
      hash: createHash('sha256').update(text).digest(),
    })
    const path = join(folder, file.name)
    expect(readFileSync(path, 'utf8')).toBe(text)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await removeFile(folder, file.name)
    await removeFile(folder, file.name)
    expect(readdirSync(folder)).toEqual([])
  })

  it('may have just as many octets as are allowed, and not one more', async () => {
    expect((await receiveFile(octetsOf('x'.repeat(1_000)), { ...input, maximumOctets: 1_000 })).octets).toBe(1_000)
    await expect(
      receiveFile(octetsOf('x'.repeat(1_001), 10), { ...input, maximumOctets: 1_000 }),
    ).rejects.toMatchObject({ name: 'ImportFileError', line: 1 })
    expect(readdirSync(folder)).toHaveLength(1)
  })

  it('W28: of two gigabytes is broken off early: what comes is not read on, memory stays, nothing is left', async () => {
    const { told, stream } = endless(2e9)
    const before = process.memoryUsage().rss
    await expect(receiveFile(stream, { ...input, maximumOctets: 5_000_000 })).rejects.toThrow('more than 5 MB')
    expect(told.sent).toBeLessThan(8_000_000)
    expect(told.isEnded).toBe(true)
    expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000)
    await vi.waitFor(() => expect(readdirSync(folder)).toEqual([]))
  })

  it('W28: of a hundred megabytes that is allowed is never in memory', async () => {
    const { stream } = endless(100_000_000)
    const before = process.memoryUsage()
    let most = 0
    const watched = (async function* () {
      for await (const piece of stream) {
        most = Math.max(most, process.memoryUsage().arrayBuffers)
        yield piece
      }
    })()
    const file = await receiveFile(watched, { ...input, maximumOctets: 200_000_000 })
    expect(file.octets).toBeGreaterThanOrEqual(100_000_000)
    expect(most - before.arrayBuffers).toBeLessThan(20_000_000)
  })

  it('that is empty is none', async () => {
    await expect(receiveFile(octetsOf(''), input)).rejects.toThrow('the file is empty')
    expect(readdirSync(folder)).toEqual([])
  })

  it('whose sender goes away in its middle leaves nothing', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('username,')
      throw new Error('the line is gone')
    }
    await expect(receiveFile(broken(), input)).rejects.toThrow('the line is gone')
    expect(readdirSync(folder)).toEqual([])
  })

  it('never takes the place of another, though both come at once', async () => {
    const files = await Promise.all(Array.from({ length: 20 }, (_, at) => receiveFile(octetsOf(`file ${at}`), input)))
    expect(new Set(files.map(({ name }) => name)).size).toBe(20)
    for (const [at, { name }] of files.entries()) expect(readFileSync(join(folder, name), 'utf8')).toBe(`file ${at}`)
  })
})

it('a stream that is gathered in memory is gathered up to its limit', async () => {
  const { told, stream } = endless(2e9)
  await expect(sourceOfStream(stream, { maximumRows: 10, maximumOctets: 1_000_000 })).rejects.toThrow('more than 1 MB')
  expect(told.sent).toBeLessThan(1_200_000)
})
