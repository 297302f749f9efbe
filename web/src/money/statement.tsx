// The statement of a payer to print: of the days that one names, a month by default.
import { Button, Group, Popover, Stack, Text } from '@mantine/core'
import { IconPrinter } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { instantsOf } from '../i18n/days.ts'
import { DayInput } from '../list/day-input.tsx'

export function Statement({ payerId }: { payerId: number }) {
  const { t } = useTranslation()
  const [from, setFrom] = useState<string>()
  const [to, setTo] = useState<string>()
  const { since, until } = instantsOf(from, to)
  const query = new URLSearchParams({ ...(since && { from: since }), ...(until && { to: until }) }).toString()
  return (
    <Popover position="bottom-end" trapFocus withArrow>
      <Popover.Target>
        <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />}>
          {t('money.statement')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <Group gap="xs">
            <DayInput label={t('money.from')} value={from} onChange={setFrom} />
            <DayInput label={t('money.to')} value={to} onChange={setTo} />
          </Group>
          <Text size="xs" c="dimmed">
            {t('money.statementHint')}
          </Text>
          <Button
            component="a"
            href={`/api/v1/payers/${payerId}/statement${query === '' ? '' : `?${query}`}`}
            target="_blank"
            rel="noreferrer"
            size="xs"
          >
            {t('money.openStatement')}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
