// The first of each kind, each a link to the subscriber.
import { Anchor, Table, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Forecast } from '../api/generated/types.gen.ts'
import { formatInstant, formatMoney } from '../i18n/format.ts'
import classes from './jobs.module.css'

type Row = { subscriber_id: number; username: string; at: string }
type Cell = { title: string; of(row: never): ReactNode; isNumber?: boolean }

export function TonightRows({ forecast: { expire, renew, refuse, plan_changes: changes } }: { forecast: Forecast }) {
  const { t } = useTranslation()
  const reason: Cell = { title: t('jobs.tonight.reason'), of: (row: { reason: string }) => <bdi>{row.reason}</bdi> }
  return (
    <>
      <Rows title={t('jobs.tonight.refuse')} count={refuse.count} rows={refuse.first} cells={[reason]} />
      <Rows title={t('jobs.tonight.expire')} count={expire.count} rows={expire.first} cells={[reason]} />
      <Rows
        title={t('jobs.tonight.renew')}
        count={renew.count}
        rows={renew.first}
        cells={[
          {
            title: t('jobs.tonight.amount'),
            isNumber: true,
            of: (row: Forecast['renew']['first'][number]) => formatMoney(row.amount, row.currency),
          },
          {
            title: t('jobs.tonight.endsThen'),
            of: (row: Forecast['renew']['first'][number]) =>
              row.expires_at !== null && formatInstant(row.expires_at, undefined),
          },
        ]}
      />
      <Rows
        title={t('jobs.tonight.changes')}
        count={changes.count}
        rows={changes.first}
        cells={[
          {
            title: t('jobs.tonight.from'),
            of: (row: Forecast['plan_changes']['first'][number]) => <bdi>{row.from}</bdi>,
          },
          { title: t('jobs.tonight.to'), of: (row: Forecast['plan_changes']['first'][number]) => <bdi>{row.to}</bdi> },
        ]}
      />
    </>
  )
}

type RowsProps = { title: string; count: number; rows: readonly Row[]; cells: readonly Cell[] }

function Rows({ title, count, rows, cells }: RowsProps) {
  const { t } = useTranslation()
  if (rows.length === 0) return null
  return (
    <section aria-label={title}>
      <Title order={2} size="sm">
        {title}
      </Title>
      {rows.length < count && (
        <Text size="xs" c="dimmed">
          {t('jobs.tonight.first', { shown: rows.length, count })}
        </Text>
      )}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls is reached by the keyboard */}
      <div className={classes.box} tabIndex={0} role="group" aria-label={title}>
        <Table fz="sm" verticalSpacing={5}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('jobs.tonight.username')}</Table.Th>
              <Table.Th>{t('jobs.tonight.at')}</Table.Th>
              {cells.map((cell) => (
                <Table.Th key={cell.title} ta={cell.isNumber === true ? 'end' : undefined}>
                  {cell.title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.subscriber_id}>
                <Table.Td>
                  <Anchor
                    size="sm"
                    renderRoot={(props) => <Link {...props} to="/subscribers" search={{ open: row.subscriber_id }} />}
                  >
                    <bdi>{row.username}</bdi>
                  </Anchor>
                </Table.Td>
                <Table.Td>{formatInstant(row.at, undefined)}</Table.Td>
                {cells.map((cell) => (
                  <Table.Td
                    key={cell.title}
                    ta={cell.isNumber === true ? 'end' : undefined}
                    style={{ fontVariantNumeric: cell.isNumber === true ? 'tabular-nums' : undefined }}
                  >
                    {cell.of(row as never)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </section>
  )
}
