// The coverage loop over one target in a process of its own, where nothing else runs whose coverage would have to be read:
// `node test/fuzz/loop.ts TARGET SECONDS [SEED] [keep]`. Prints what it did as JSON; with `keep` what it found goes into the
// corpus.

import { createRandom } from '../../src/simulator/random.ts'
import { coverageLoop } from '../support/coverage-loop.ts'
import { addToCorpus, readCorpus, readVectors } from './corpus.ts'
import { hiddenFault } from './hidden-fault.ts'
import { targets } from './targets.ts'

export type LoopResult = {
  target: string
  seed: string
  runs: number
  medianMs: number
  worstMs: number
  found: number
  crash: string | undefined
  error: string | undefined
}

/** Values of types and vendors that lead into the deeper code. */
const words = [
  '1a',
  '1a0c0000',
  '00003a8c',
  '3a8c',
  '00000137',
  '50120000',
  '4f06',
  'f1',
  'f51a',
  'f500',
  '1a06',
  '4506',
  '281a',
  '0a0b',
  '00',
  'ffffffff',
  '3130304d',
  '2e35',
]

const [name = '', seconds = '', seed = String(process.pid), keep = ''] = process.argv.slice(2)
const target = name === 'hidden-fault' ? hiddenFault : targets[name]
if (target === undefined) throw new Error(`there is no target ${name}`)

const corpus =
  name === 'hidden-fault' ? [Buffer.alloc(6)] : [...readCorpus(name).map(({ data }) => data), ...readVectors()]
const { kept, crash, ...figures } = await coverageLoop({
  target,
  corpus,
  words: words.map((word) => Buffer.from(word, 'hex')),
  random: createRandom(seed),
  seconds: Number(seconds),
  scripts: /\/src\/(radius|aaa|nas|domain)\/|hidden-fault/,
})
if (keep === 'keep') addToCorpus(name, kept)
const result: LoopResult = {
  target: name,
  seed,
  ...figures,
  found: kept.length,
  crash: crash?.data.toString('hex'),
  error: crash === undefined ? undefined : String(crash.error),
}
process.stdout.write(`${JSON.stringify(result)}\n`)
