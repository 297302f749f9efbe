// Somebody changed the subscriber while it was being changed here: what, from what, to what, and what to do about it.
import { Alert, Button, Group, Table } from '@mantine/core'
import { IconUsersGroup } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { fromLocalInput } from '../../i18n/format.ts'
import { useInstant } from '../../i18n/use-instant.ts'
import type { Read } from './meanwhile.ts'
import { differences, isSame, type FieldName, type FormValues, type Subscriber } from './values.ts'

type Props = {
  begun: Read
  fresh: Read
  mine: FormValues
  /** On with what is there now and these values on top. */
  onGoOn(values: FormValues): void
}

export function MeanwhileNote({ begun, fresh, mine, onGoOn }: Props) {
  const { t } = useTranslation()
  const instant = useInstant()
  const theirs = differences(begun.values, fresh.values)
  const ours = differences(begun.values, mine)
  const both = theirs.filter((name) => ours.includes(name) && !isSame(mine[name], fresh.values[name]))
  const with_ = (names: readonly FieldName[]): FormValues => ({
    ...fresh.values,
    ...Object.fromEntries(names.map((name) => [name, mine[name]])),
  })
  return (
    <Alert
      color="orange"
      variant="light"
      role="alert"
      icon={<IconUsersGroup size={18} aria-hidden />}
      title={t('subscriberForm.meanwhile')}
      mb="sm"
    >
      <Table.ScrollContainer minWidth={320}>
        <Table aria-label={t('subscriberForm.meanwhile')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('subscriberForm.field')}</Table.Th>
              <Table.Th>{t('subscriberForm.was')}</Table.Th>
              <Table.Th>{t('subscriberForm.isNow')}</Table.Th>
              {both.length > 0 && <Table.Th>{t('subscriberForm.yours')}</Table.Th>}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {theirs.map((name) => (
              <Table.Tr key={name}>
                <Table.Th scope="row">{t(`subscriberForm.fields.${name}`)}</Table.Th>
                <Table.Td>
                  <bdi>{shownOf(name, begun.values, begun.subscriber, instant)}</bdi>
                </Table.Td>
                <Table.Td>
                  <bdi>{shownOf(name, fresh.values, fresh.subscriber, instant)}</bdi>
                </Table.Td>
                {both.length > 0 && (
                  <Table.Td>
                    {both.includes(name) && <bdi>{shownOf(name, mine, fresh.subscriber, instant)}</bdi>}
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Group gap="xs" mt="xs">
        <Button size="compact-sm" onClick={() => onGoOn(with_(ours))}>
          {t(both.length > 0 ? 'subscriberForm.keepMine' : 'subscriberForm.goOn')}
        </Button>
        {both.length > 0 && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => onGoOn(with_(ours.filter((name) => !both.includes(name))))}
          >
            {t('subscriberForm.takeTheirs')}
          </Button>
        )}
      </Group>
    </Alert>
  )
}

/** A value as a person reads it; what is named by an id by the name that the subscriber has it under, else by the id. */
function shownOf(name: FieldName, values: FormValues, one: Subscriber, instant: (iso: string) => string): string {
  const value = values[name]
  if (typeof value !== 'string') return value.join(', ') || '–'
  if (value === '') return '–'
  if (name === 'expires_at') return instant(fromLocalInput(value) ?? value)
  const named = { plan: one.plan, next_plan: one.next_plan, group: one.group, owner: one.owner, payer_id: one.payer }
  const known = name in named ? named[name as keyof typeof named] : null
  return known !== null && String(known.id) === value ? known.name : value
}
