// The key-encryption key: 32 random octets in a file outside the database, readable by its owner only. Whoever has a dump
// but not this file reads no password. When it may be made is decided in domain/data-key.ts.

import { createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'

const keyLength = 32
const heading = 'gatehouse-key-1'

/** The key file is not as it must be; the message is a sentence for the operator and never holds the key. */
export class KeyFileError extends Error {
  override name = 'KeyFileError'
}

/** What the file holds is no key: another file, or one that was cut. */
export class NoKeyError extends KeyFileError {
  override name = 'NoKeyError'
}

/** Reads the key, or undefined if there is no such file. Throws KeyFileError: others can read it, or it holds no key. */
export function readKeyFile(file: string): KeyObject | undefined {
  const text = readPrivately(file)
  if (text === undefined) return undefined
  const [first, encoded = ''] = text.trim().split(/\s+/)
  const octets = Buffer.from(encoded, 'base64')
  if (first !== heading || octets.length !== keyLength) {
    throw new NoKeyError(
      `the file ${file} holds no Gatehouse key: restore it, or name the right one in GATEHOUSE_KEY_FILE`,
    )
  }
  return createSecretKey(octets)
}

/** Makes a new key in a new file, mode 0600, on disk before this returns. Throws KeyFileError if the file exists. */
export function createKeyFile(file: string): KeyObject {
  const octets = randomBytes(keyLength)
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  try {
    const descriptor = fs.openSync(file, 'wx', 0o600)
    fs.writeSync(descriptor, `${heading} ${octets.toString('base64')}\n`)
    fs.fsyncSync(descriptor)
    fs.closeSync(descriptor)
  } catch (cause) {
    throw new KeyFileError(`the key file ${file} cannot be made: ${cause instanceof Error ? cause.message : ''}`, {
      cause,
    })
  }
  // The name too must survive a power cut: what is sealed from now on depends on it.
  const folder = fs.openSync(path.dirname(file), 'r')
  fs.fsyncSync(folder)
  fs.closeSync(folder)
  return createSecretKey(octets)
}

/** Says which key it is without telling anything of it: 16 octets, kept in the database. */
export function keyFingerprint(key: KeyObject): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'gatehouse key fingerprint', 16))
}

function readPrivately(file: string): string | undefined {
  let descriptor: number
  try {
    descriptor = fs.openSync(file, 'r')
  } catch (cause) {
    if (!fs.existsSync(file)) return undefined
    throw new KeyFileError(`the key file ${file} cannot be read by this user`, { cause })
  }
  try {
    // Of the opened file, not of the path: nothing can be changed in between.
    if ((fs.fstatSync(descriptor).mode & 0o077) !== 0) {
      throw new KeyFileError(`other users may read the key file ${file}: chmod 600 it (and consider the key known)`)
    }
    return fs.readFileSync(descriptor, 'utf8')
  } finally {
    fs.closeSync(descriptor)
  }
}
