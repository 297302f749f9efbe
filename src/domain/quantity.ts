// Rates and volumes as people write them: `50M`, `512k`, `1.5G`. Decimal: k is 1000, as on every price list and in every BNG.

import { FieldError, quote } from './field.ts'

const factors = { '': 1n, k: 1_000n, m: 1_000_000n, g: 1_000_000_000n, t: 1_000_000_000_000n } as const
const int8Maximum = 9_223_372_036_854_775_807n

/** Bits per second of `50M`, `512k`, `1G`, `2000000`. Throws FieldError. */
export function parseRate(field: string, text: string): bigint {
  return parseQuantity(field, text, 'a rate such as 50M, 512k or 1G')
}

/** Octets of `100G`, `500M`. Throws FieldError. */
export function parseVolume(field: string, text: string): bigint {
  return parseQuantity(field, text, 'a volume such as 100G or 500M')
}

function parseQuantity(field: string, text: string, expected: string): bigint {
  const match = /^(\d{1,19})(?:\.(\d{1,12}))?\s*([kmgt]?)$/i.exec(text.trim())
  if (match === null) throw new FieldError(field, `${quote(text)} is not ${expected}`)
  const fraction = match[2] ?? ''
  const factor = factors[match[3]!.toLowerCase() as keyof typeof factors]
  const scaled = BigInt(match[1]! + fraction) * factor
  const divisor = 10n ** BigInt(fraction.length)
  const value = scaled / divisor
  if (value === 0n || scaled % divisor !== 0n || value > int8Maximum) {
    throw new FieldError(field, `${quote(text)} is not ${expected}`)
  }
  return value
}

/** The shortest exact text: 50000000n is `50M`, 1536000n is `1536k`. */
export function formatQuantity(value: bigint): string {
  for (const suffix of ['T', 'G', 'M', 'k'] as const) {
    const factor = factors[suffix.toLowerCase() as keyof typeof factors]
    if (value >= factor && value % factor === 0n) return `${value / factor}${suffix}`
  }
  return value.toString()
}
