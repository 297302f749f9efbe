// What an entry changed, field by field: what was, struck out, and what is.
import { Table, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { AuditEntry } from '../api/generated/types.gen.ts'
import classes from './audit.module.css'
import { fieldWords, valueWords } from './audit-words.ts'
import { differenceOf } from './difference.ts'

const nothing = '–'

export function AuditDifference({ entry: { before, after } }: { entry: Pick<AuditEntry, 'before' | 'after'> }) {
  const { t } = useTranslation()
  const changes = differenceOf(before, after)
  if (changes.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('audit.same')}
      </Text>
    )
  }
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls is reached by the keyboard
    <div className={classes.box} tabIndex={0} role="group" aria-label={t('audit.changed')}>
      <Table aria-label={t('audit.changed')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('audit.field')}</Table.Th>
            {before !== null && <Table.Th>{t('audit.before')}</Table.Th>}
            {after !== null && <Table.Th>{t('audit.after')}</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {changes.map((change) => {
            const [was, is] = [valueWords(change.before, t), valueWords(change.after, t)]
            return (
              <Table.Tr key={change.path}>
                <Table.Th scope="row" fw={500}>
                  <bdi>{fieldWords(change.path)}</bdi>
                </Table.Th>
                {before !== null && (
                  <Table.Td className={classes.was}>
                    {was === undefined ? (
                      nothing
                    ) : after === null ? (
                      <bdi>{was}</bdi>
                    ) : (
                      <del>
                        <bdi>{was}</bdi>
                      </del>
                    )}
                  </Table.Td>
                )}
                {after !== null && (
                  <Table.Td className={classes.is}>
                    {is === undefined ? (
                      nothing
                    ) : before === null ? (
                      <bdi>{is}</bdi>
                    ) : (
                      <ins>
                        <bdi>{is}</bdi>
                      </ins>
                    )}
                  </Table.Td>
                )}
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </div>
  )
}
