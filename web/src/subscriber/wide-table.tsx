// A small table in a box of its own: where it is too wide, the box scrolls and the page does not.
import { Table } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './subscriber.module.css'

export type Head = { title: string; isNumber?: boolean }

export function WideTable({ label, heads, children }: { label: string; heads: readonly Head[]; children: ReactNode }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls is reached by the keyboard
    <div className={classes.wide} tabIndex={0} role="group" aria-label={label}>
      <Table aria-label={label} fz="sm" className={classes.table}>
        <Table.Thead>
          <Table.Tr>
            {heads.map(({ title, isNumber }) => (
              <Table.Th key={title} ta={isNumber === true ? 'end' : undefined}>
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  )
}
