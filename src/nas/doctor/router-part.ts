// What the settings of a router are held against, and what is said where a menu of it could not be read.

import type { Finding, FindingCode } from './finding.ts'
import type { Part } from './router-facts.ts'

/** What the router's settings are held against. */
export type Expected = {
  readonly at: Date
  /** Ours, to which it speaks; undefined: not heard yet. */
  readonly server: string | undefined
  readonly authPort: number
  readonly acctPort: number
  readonly coaPort: number
  /** Its NAS-Identifier here. */
  readonly identifier: string | undefined
  /** The address its client has here, where it is only one. */
  readonly source: string | undefined
  readonly askedIntervalS: number
  /** Without a sign of life for so long a session is ended. */
  readonly staleAfterS: number
  /** How its live sessions get in; empty: there are none. */
  readonly accessKinds: readonly ('pppoe' | 'ipoe')[]
}

/** The findings of a part, or that it could not be read. */
export function judged<T>(part: Part<T>, menu: string, judge: (value: T) => Finding[]): Finding[] {
  if (part.kind === 'read') return judge(part.value)
  const sentence = `${menu} cannot be read: ${part.why}`
  const mend = '/user group set [find name=gatehouse] policy=api,rest-api,read,write,test'
  return [{ code: 'router-part', severity: 'warning', sentence, mend }]
}

/** What is as it should be. */
export function fine(code: FindingCode, sentence: string): Finding {
  return { code, severity: 'ok', sentence }
}
