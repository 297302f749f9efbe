// JSON lines on standard output. What a stranger may have written (a User-Name, a NAS-Identifier) is cut to a length and
// cannot carry terminal control; what looks like a secret by its name is never printed.
// Lines are written off the event loop: when the reader of stdout stops, up to 1 MiB waits in memory and further lines are
// dropped and counted, so that a full log disk never holds up a packet. The price: lines of the last milliseconds before a
// kill -9 are lost; a normal exit flushes.

import { pino, stdSerializers } from 'pino'
import type { DestinationStream, Logger } from 'pino'
import type { Clock } from './clock.ts'
import { createLineOutput, ownStandardOutput, type LineOutput } from './log-output.ts'

export type { Logger } from 'pino'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

const maximumLength = 300
const maximumStack = 4_000
const maximumDepth = 5
const secretName = /password|passwd|secret|token|authorization|cookie|nt_?hash|private_?key|verifier|credential/i
/** What JSON leaves as it is and a terminal obeys: DEL, C1 controls, line separators and changes of direction. */
const obeyed = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** One for the process, made with its first logger. */
let output: LineOutput | undefined

/** How many lines were dropped since the start because nobody read standard output. */
export function droppedLines(): number {
  return output?.dropped() ?? 0
}

/** Makes the logger of the process, or of a test when a stream is given. */
export function createLogger(options: { level: LogLevel; name?: string; stream?: DestinationStream }): Logger {
  return pino(
    {
      level: options.level,
      base: { pid: process.pid, ...(options.name === undefined ? {} : { name: options.name }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      // Errors are made plain by `log` below; pino's own form would show every field of them.
      serializers: { err: (value: unknown) => value },
      // The fields of a child logger pass by `log`, so these few names are hidden by pino itself.
      redact: { paths: ['password', 'secret', 'token', 'authorization', 'cookie'], censor: '[redacted]' },
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => cleanFields(fields, 0),
      },
    },
    options.stream ?? standardOutput(),
  )
}

function standardOutput(): DestinationStream {
  if (output === undefined) {
    output = createLineOutput(ownStandardOutput())
    process.on('exit', output.end)
  }
  return output
}

function serializeError(value: Error): unknown {
  const { type, message, stack } = stdSerializers.err(value)
  const code = 'code' in value && typeof value.code === 'string' ? { code: value.code } : {}
  return { type, message: cleanText(message, maximumLength), ...code, stack: cleanText(stack, maximumStack) }
}

function cleanFields(fields: object, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    result[name] = secretName.test(name) && value !== undefined ? '[redacted]' : cleanValue(value, depth)
  }
  return result
}

function cleanValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value, maximumLength)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (value instanceof Error) return serializeError(value)
  if (value instanceof Uint8Array) return `<${value.length} octets>`
  if (depth >= maximumDepth) return '[deeper]'
  if (Array.isArray(value)) return value.slice(0, 100).map((element) => cleanValue(element, depth + 1))
  return cleanFields(value, depth + 1)
}

function cleanText(text: string, limit: number): string {
  const cut = text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length} characters)`
  return cut.replace(obeyed, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * Holds back lines that repeat: the returned function answers, for a key, how many lines were held back since the last one
 * when a line may be written now (0 the first time), and undefined when it must be held back. Remembers 1,000 keys.
 */
export function createLimiter(options: { perMs: number; clock: Clock }): (key: string) => number | undefined {
  const seen = new Map<string, { at: number; suppressed: number }>()
  return (key) => {
    const now = options.clock.monotonicMs()
    const entry = seen.get(key)
    if (entry !== undefined && now - entry.at < options.perMs) {
      entry.suppressed += 1
      return undefined
    }
    seen.delete(key)
    seen.set(key, { at: now, suppressed: 0 })
    const oldest = seen.size > 1_000 ? seen.keys().next().value : undefined
    if (oldest !== undefined) seen.delete(oldest)
    return entry?.suppressed ?? 0
  }
}
