// Rows of the list of subscribers as JSON: each column that was asked for, by its kind.

import { z } from 'zod'
import { columnValue, subscriberColumn, subscriberColumnNames } from '../../domain/subscriber-list/columns.ts'
import type { ColumnKind, SubscriberColumnName } from '../../domain/subscriber-list/columns.ts'
import type { SubscriberRow } from '../../domain/subscriber-list/list.ts'
import { idOut, instantOut, moneyOut, octetsOut } from '../schemas.ts'

const values: Readonly<Record<ColumnKind, z.ZodType>> = {
  text: z.string(),
  instant: instantOut,
  octets: octetsOut,
  money: moneyOut,
  integer: z.int(),
  number: z.number(),
  boolean: z.boolean(),
  list: z.array(z.string()),
}

/** One subscriber: its id, and the columns that were asked for. */
export const subscriberRowOut = z
  .strictObject({
    ...Object.fromEntries(
      subscriberColumnNames.map((name) => {
        const { title, kind } = subscriberColumn(name)
        return [name, values[kind].nullable().optional().meta({ description: title })]
      }),
    ),
    id: idOut,
  })
  .meta({ id: 'SubscriberRow' })

/** The columns of a row that were asked for. */
export function presentSubscriberRow(
  row: SubscriberRow,
  columns: readonly SubscriberColumnName[],
): z.input<typeof subscriberRowOut> {
  const shown = columns.map((name) => [name, columnValue(name, row[name])])
  return { ...Object.fromEntries(shown), id: Number(row.id) }
}
