// The values that requests and answers are made of: ids as numbers, octets as decimal text, money as decimal text in major
// units, instants in ISO 8601, pages by cursor.

import { z } from 'zod'

// Without eval, which a strict Content-Security-Policy forbids in the panel that shares these.
z.config({ jitless: true })

const largestId = Number.MAX_SAFE_INTEGER

/** An id in a body or answer: a positive whole number; a bigint inside. */
export const id = z.int().min(1).max(largestId).transform(BigInt).meta({ description: 'Id', type: 'integer' })

/** An id in a path or query. */
export const idText = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, 'is not an id')
  .transform(BigInt)

/** The path of one thing. */
export const byId = z.strictObject({ id: idText })

/** The path of a thing that is known by its name. */
export const byName = z.strictObject({ name: z.string().min(1).max(253) })

/** An id in an answer. */
export const idOut = z.int().min(1).meta({ description: 'Id' })

/** An instant in an answer. */
export const instantOut = z.iso.datetime({ offset: true }).meta({ description: 'ISO 8601' })

/** An instant in a request: ISO 8601 with an offset. */
export const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text))

/** Octets in an answer: decimal text, since sums outgrow 2^53. */
export const octetsOut = z
  .string()
  .regex(/^-?\d+$/)
  .meta({ description: 'Octets' })

/** Money in an answer: decimal text in major units. */
export const moneyOut = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .meta({ description: 'Amount in major units' })

/** Money in a request. */
export const money = z.string().max(20).meta({ description: 'Amount in major units, such as 20.00' })

/** A line of text. */
export const text = (maximum: number) => z.string().max(maximum)

/** At most so many rows a page. */
export const largestPage = 500

/** What every list is asked with. */
export const pageQuery = {
  /** Where the page before ended; from its `next_cursor`. */
  cursor: z.string().max(1_000).optional(),
  limit: z
    .string()
    .regex(/^\d{1,4}$/, 'is not a number')
    .transform(Number)
    .refine((count) => count >= 1 && count <= largestPage, `is from 1 to ${largestPage}`)
    .default(50),
}

/** What every list answers. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), next_cursor: z.string().nullable() })

/** The answer of a route that has nothing to say. */
export const nothing = z.void()

/** A yes or no in a query. */
export const flag = z.enum(['true', 'false']).transform((word) => word === 'true')

/** Ids in a query, apart by commas. */
export const idList = z
  .string()
  .regex(/^[1-9]\d{0,15}(,[1-9]\d{0,15}){0,99}$/, 'is not a list of ids')
  .transform((list) => list.split(',').map(BigInt))

/** Words in a query, apart by commas, out of a few. */
export const words = <const Word extends string>(choices: readonly Word[]) =>
  z.string().transform((list, context) => {
    const found = list.split(',').filter((word): word is Word => choices.some((choice) => choice === word))
    if (found.length !== list.split(',').length) {
      context.addIssue({ code: 'custom', message: `is not made of ${choices.join(', ')}` })
    }
    return found
  })

/** An instant of ours as ISO 8601, or null. */
export function isoOrNull(value: Date | null): string | null {
  return value === null ? null : value.toISOString()
}
