// The columns of the file, what their first rows hold, and what each means.
import { Select, Table, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import classes from './imports.module.css'
import { meaningName, type KnownColumn, type Meanings } from './mapping.ts'
import type { Sample } from './sample.ts'

type Props = {
  sample: Sample
  meanings: Meanings
  known: readonly KnownColumn[]
  onChange(meanings: Meanings): void
}

/** What nobody should read over a shoulder. */
const secret = new Set(['password', 'nt_hash'])

/** The choice of no column; none of ours is called so. */
const ignored = '-'

export function ColumnTable({ sample, meanings, known, onChange }: Props) {
  const { t } = useTranslation()
  const choices = [
    { value: ignored, label: t('imports.ignored') },
    ...known.map(({ name }) => ({ value: name, label: meaningName(name, t) })),
  ]
  return (
    <div className={classes.columns} role="region" aria-label={t('imports.steps.columns')} tabIndex={0}>
      <Table stickyHeader verticalSpacing={4} withRowBorders>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('imports.column')}</Table.Th>
            <Table.Th>{t('imports.means')}</Table.Th>
            <Table.Th>{t('imports.sample')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sample.header.map((name, at) => {
            const meaning = meanings[at] ?? ''
            const cells = sample.rows.map((row) => row[at] ?? '').filter((cell) => cell !== '')
            return (
              <Table.Tr key={at}>
                <Table.Th scope="row">
                  <bdi>{name}</bdi>
                </Table.Th>
                <Table.Td miw={190}>
                  <Select
                    size="xs"
                    searchable
                    allowDeselect={false}
                    aria-label={`${name}: ${t('imports.means')}`}
                    data={choices}
                    value={meaning === '' ? ignored : meaning}
                    onChange={(next) =>
                      next !== null &&
                      onChange(meanings.map((one, place) => (place === at ? (next === ignored ? '' : next) : one)))
                    }
                  />
                </Table.Td>
                <Table.Td>
                  <Text size="sm" c="dimmed" className={classes.sample}>
                    <bdi>
                      {secret.has(meaning) ? cells.map(() => t('imports.hidden')).join(' · ') : cells.join(' · ')}
                    </bdi>
                  </Text>
                </Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </div>
  )
}
