// Secrets come from standard input, never from the command line: arguments stand in the process list and the shell's history.

import { FieldError } from '../domain/field.ts'

const maximumOctets = 4_096

/** The secret on standard input, without the line end behind it. Throws FieldError where there is none. */
export async function readSecret(field: string, input: NodeJS.ReadStream = process.stdin): Promise<string> {
  if (input.isTTY) process.stderr.write(`${field}, then Ctrl-D: `)
  const chunks: Buffer[] = []
  let octets = 0
  for await (const chunk of input as AsyncIterable<Buffer>) {
    octets += chunk.length
    if (octets > maximumOctets) throw new FieldError(field, `has more than ${maximumOctets} octets`)
    chunks.push(chunk)
  }
  const secret = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (secret === '') throw new FieldError(field, 'nothing came on standard input')
  if (secret.includes('\uFFFD')) throw new FieldError(field, 'is not UTF-8')
  return secret
}
