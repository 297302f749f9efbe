// The columns of the file, what their first rows hold, and what each means.
import { Select, Table, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import classes from './imports.module.css'
import type { KnownColumn, Meanings } from './mapping.ts'
import type { Sample } from './sample.ts'

type Props = {
  sample: Sample
  meanings: Meanings
  known: readonly KnownColumn[]
  onChange(meanings: Meanings): void
}

/** What nobody should read over a shoulder. */
const secret = new Set(['password', 'nt_hash'])

export function ColumnTable({ sample, meanings, known, onChange }: Props) {
  const { t } = useTranslation()
  const choices = known.map(({ name }) => name)
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
                    clearable
                    aria-label={`${name}: ${t('imports.means')}`}
                    placeholder={t('imports.ignored')}
                    data={choices}
                    value={meaning === '' ? null : meaning}
                    onChange={(next) => onChange(meanings.map((one, place) => (place === at ? (next ?? '') : one)))}
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
