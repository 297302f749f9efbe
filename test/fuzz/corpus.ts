// What is kept for each target in test/corpus/<target>/: text files of octets in hexadecimal, one input a line. `found.hex` is
// what the coverage loop found to reach something new; an input that broke a rule once stays in a file of its own.

import * as fs from 'node:fs'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../corpus', import.meta.url))

/** All inputs of a target, and which file each is from. */
export function readCorpus(target: string): { file: string; data: Buffer }[] {
  const folder = path.join(root, target)
  if (!fs.existsSync(folder)) return []
  return fs
    .readdirSync(folder)
    .filter((file) => file.endsWith('.hex'))
    .toSorted((one, other) => one.localeCompare(other))
    .flatMap((file) => readLines(path.join(folder, file)).map((line) => ({ file, data: Buffer.from(line, 'hex') })))
}

/** Adds inputs to `found.hex` of a target. */
export function addToCorpus(target: string, found: readonly Buffer[]): void {
  const folder = path.join(root, target)
  fs.mkdirSync(folder, { recursive: true })
  const lines = found.map((data) => `${data.toString('hex')}\n`)
  fs.appendFileSync(path.join(folder, 'found.hex'), lines.join(''))
}

/** Packets that others made (test/vectors): whole, and without their header for what reads attributes alone. */
export function readVectors(): Buffer[] {
  const json = fs.readFileSync(new URL('../vectors/freeradius-unit.json', import.meta.url), 'utf8')
  const { cases } = JSON.parse(json) as { cases: Record<string, unknown>[] }
  const octets = cases
    .flatMap((one) => [one['input'], one['expect']])
    .filter((text) => typeof text === 'string' && /^([0-9a-f]{2} ?)+$/.test(text))
    .map((text) => Buffer.from((text as string).replaceAll(' ', ''), 'hex'))
  return octets.flatMap((one) => (one.length > 20 ? [one, one.subarray(20)] : [one]))
}

function readLines(file: string): string[] {
  return fs.readFileSync(file, 'utf8').split('\n').filter(Boolean)
}
