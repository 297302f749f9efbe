// Columns shown, hidden and put in order: by their boxes, and by the arrows beside those that are shown.
import { ActionIcon, Button, Checkbox, Group, Popover, ScrollArea, Stack, Tooltip } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconColumns3 } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

type Props = {
  all: readonly { name: string; title: string }[]
  shown: readonly string[]
  onChange(names: readonly string[] | undefined): void
}

export function ColumnPicker({ all, shown, onChange }: Props) {
  const { t } = useTranslation()
  const ordered = [
    ...shown.flatMap((name) => all.filter((column) => column.name === name)),
    ...all.filter(({ name }) => !shown.includes(name)),
  ]
  const move = (name: string, by: -1 | 1) => {
    const names = shown.filter((other) => other !== name)
    names.splice(Math.max(0, shown.indexOf(name) + by), 0, name)
    onChange(names)
  }
  return (
    <Popover position="bottom-end" withArrow trapFocus>
      <Popover.Target>
        <Tooltip label={t('list.columns')}>
          <ActionIcon variant="default" size="lg" aria-label={t('list.columns')}>
            <IconColumns3 size={18} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <ScrollArea.Autosize mah={420}>
          <Stack gap={4} role="group" aria-label={t('list.columns')}>
            {ordered.map(({ name, title }) => {
              const at = shown.indexOf(name)
              return (
                <Group key={name} justify="space-between" wrap="nowrap" gap="xl">
                  <Checkbox
                    size="xs"
                    label={title}
                    checked={at >= 0}
                    disabled={at >= 0 && shown.length === 1}
                    onChange={() => onChange(at >= 0 ? shown.filter((other) => other !== name) : [...shown, name])}
                  />
                  {at >= 0 && (
                    <Group gap={2} wrap="nowrap">
                      <Mover
                        label={t('list.moveUp', { name: title })}
                        disabled={at === 0}
                        onMove={() => move(name, -1)}
                      >
                        <IconArrowUp size={14} />
                      </Mover>
                      <Mover
                        label={t('list.moveDown', { name: title })}
                        disabled={at === shown.length - 1}
                        onMove={() => move(name, 1)}
                      >
                        <IconArrowDown size={14} />
                      </Mover>
                    </Group>
                  )}
                </Group>
              )
            })}
          </Stack>
        </ScrollArea.Autosize>
        <Button mt="sm" variant="subtle" size="compact-sm" onClick={() => onChange(undefined)}>
          {t('list.usualColumns')}
        </Button>
      </Popover.Dropdown>
    </Popover>
  )
}

type MoverProps = { label: string; disabled: boolean; onMove(): void; children: React.ReactNode }

function Mover({ label, disabled, onMove, children }: MoverProps) {
  return (
    <ActionIcon size="xs" variant="subtle" color="gray" aria-label={label} disabled={disabled} onClick={onMove}>
      {children}
    </ActionIcon>
  )
}
