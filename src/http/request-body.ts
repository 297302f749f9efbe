// What a JSON body may be before anybody looks at its meaning: no names that reach into JavaScript's own objects, not too deep,
// not too many.

import express from 'express'
import type { RequestHandler } from 'express'
import { Problem } from './errors.ts'

const maximumOctets = 1_000_000
const maximumDepth = 12
const maximumMembers = 20_000
const reserved = ['__proto__', 'constructor', 'prototype']

/** Reads JSON of at most 1 MB. */
export const readJson: RequestHandler = express.json({ limit: maximumOctets, strict: true, type: 'application/json' })

/** Throws Problem for a body that no route of ours could mean. */
export function checkJson(value: unknown): void {
  let members = 0
  const look = (part: unknown, depth: number): void => {
    if (typeof part !== 'object' || part === null) return
    if (depth > maximumDepth) throw new Problem('invalid-request', 'the body is nested too deeply')
    for (const [name, member] of Object.entries(part)) {
      members += 1
      if (members > maximumMembers) throw new Problem('too-large', 'the body has too many members')
      if (reserved.includes(name)) throw new Problem('invalid-request', `${name}: is not known here`)
      look(member, depth + 1)
    }
  }
  look(value, 1)
}
