import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { readSecret } from '../../src/cli/secret-input.ts'

const input = (...parts: (string | Buffer)[]): NodeJS.ReadStream => {
  return Readable.from(parts.map((part) => Buffer.from(part as string))) as unknown as NodeJS.ReadStream
}

describe('a secret on standard input', () => {
  it('is all of it but the line end that a shell puts behind', async () => {
    expect(await readSecret('secret', input('k7Gq2mZ9xP4w'))).toBe('k7Gq2mZ9xP4w')
    expect(await readSecret('secret', input('k7Gq2', 'mZ9xP4w\n'))).toBe('k7Gq2mZ9xP4w')
    expect(await readSecret('secret', input(' two words \r\n'))).toBe(' two words ')
    expect(await readSecret('secret', input(Buffer.from('ä').subarray(0, 1), Buffer.from('ä').subarray(1)))).toBe('ä')
  })

  it('is not nothing, not endless, not something else than text', async () => {
    await expect(readSecret('password', input())).rejects.toThrow('password: nothing came on standard input')
    await expect(readSecret('password', input('\n'))).rejects.toThrow('password: nothing came')
    await expect(readSecret('secret', input('x'.repeat(5_000)))).rejects.toThrow('secret: has more than 4096 octets')
    await expect(readSecret('secret', input(Buffer.from([0xff, 0xfe])))).rejects.toThrow('secret: is not UTF-8')
  })
})
