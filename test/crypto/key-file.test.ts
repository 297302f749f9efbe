import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createKeyFile, keyFingerprint, KeyFileError, readKeyFile } from '../../src/crypto/key-file.ts'

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-key-'))

afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

describe('the key file', () => {
  it('is made once, for its owner only, with its folder', () => {
    const file = path.join(home, 'new/gatehouse.key')
    const key = createKeyFile(file)
    expect(fs.statSync(file).mode & 0o777).toBe(0o600)
    expect(fs.statSync(path.dirname(file)).mode & 0o777).toBe(0o700)
    expect(readKeyFile(file)?.equals(key)).toBe(true)
    const before = fs.readFileSync(file)
    expect(() => createKeyFile(file)).toThrow(KeyFileError)
    expect(fs.readFileSync(file)).toEqual(before)
  })

  it('is told from a missing one', () => {
    expect(readKeyFile(path.join(home, 'none'))).toBeUndefined()
  })

  it.each([0o640, 0o604, 0o666, 0o660])('is refused with mode %o: others could read it', (mode) => {
    const file = path.join(home, `mode-${mode}`)
    createKeyFile(file)
    fs.chmodSync(file, mode)
    expect(() => readKeyFile(file)).toThrow(/other users may read the key file .*chmod 600/)
  })

  it.each(['', 'gatehouse-key-1', 'gatehouse-key-1 AAAA', `gatehouse-key-2 ${'A'.repeat(43)}=`, 'c2VjcmV0IQ=='])(
    'is refused when it holds no key, without showing what it holds: %s',
    (text) => {
      const file = path.join(home, 'wrong')
      fs.writeFileSync(file, text, { mode: 0o600 })
      expect(() => readKeyFile(file)).toThrow(`the file ${file} holds no Gatehouse key: restore it`)
    },
  )

  it('is known by a fingerprint that is always the same and tells nothing of the key', () => {
    const file = path.join(home, 'printed')
    const key = createKeyFile(file)
    const print = keyFingerprint(key)
    expect(print).toHaveLength(16)
    expect(keyFingerprint(readKeyFile(file)!)).toEqual(print)
    expect(keyFingerprint(createKeyFile(path.join(home, 'second')))).not.toEqual(print)
    expect(key.export().includes(print)).toBe(false)
  })
})
