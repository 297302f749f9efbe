// Columns shown, hidden, put in order and made wider or narrower: by their boxes, and by the buttons beside those that are shown.
import { ActionIcon, Button, Checkbox, Group, Popover, ScrollArea, Stack, TextInput, Tooltip } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconColumns3, IconMinus, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { narrowest } from './list-head.tsx'
import { usePhone } from './use-phone.ts'

type Known = { name: string; title: string; width?: number }
type Props = {
  all: readonly Known[]
  shown: readonly string[]
  onChange(names: readonly string[] | undefined): void
  /** Also how wide they are. */
  widths?: Readonly<Record<string, number>>
  onWidth?(name: string, width: number): void
}

const step = 20
const usualWidth = 120
/** From so many on one looks for a column by its name. */
const many = 15

export function ColumnPicker({ all, shown, onChange, widths = {}, onWidth }: Props) {
  const { t } = useTranslation()
  const [wanted, setWanted] = useState('')
  const isPhone = usePhone()
  const ordered = [
    ...shown.flatMap((name) => all.filter((column) => column.name === name)),
    ...all.filter(({ name }) => !shown.includes(name)),
  ].filter(({ title }) => title.toLocaleLowerCase().includes(wanted.toLocaleLowerCase()))
  const move = (name: string, by: -1 | 1) => {
    const names = shown.filter((other) => other !== name)
    names.splice(Math.max(0, shown.indexOf(name) + by), 0, name)
    onChange(names)
  }
  const widen = ({ name, width = usualWidth }: Known, by: number) =>
    onWidth?.(name, Math.max(narrowest, (widths[name] ?? width) + by))
  // Rows are cards there.
  if (isPhone) return null
  return (
    <Popover position="bottom-end" withArrow trapFocus onClose={() => setWanted('')}>
      <Popover.Target>
        <ActionIcon variant="default" size={30} aria-label={t('list.columns')} title={t('list.columns')}>
          <IconColumns3 size={17} stroke={1.6} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('list.columns')} aria-labelledby={undefined}>
        {all.length >= many && (
          <TextInput
            size="xs"
            mb="xs"
            type="search"
            aria-label={t('list.findColumn')}
            placeholder={t('list.findColumn')}
            value={wanted}
            onChange={(event) => setWanted(event.currentTarget.value)}
            data-autofocus
          />
        )}
        <ScrollArea.Autosize mah="min(420px, 60vh)" type="auto">
          <Stack gap={4} pe="sm" role="group" aria-label={t('list.columns')}>
            {ordered.map((column) => {
              const { name, title } = column
              const at = shown.indexOf(name)
              return (
                <Group key={name} justify="space-between" wrap="nowrap" gap="xl" mih={24}>
                  <Checkbox
                    size="xs"
                    label={title}
                    checked={at >= 0}
                    disabled={at >= 0 && shown.length === 1}
                    onChange={() => onChange(at >= 0 ? shown.filter((other) => other !== name) : [...shown, name])}
                  />
                  {at >= 0 && (
                    <Group gap={2} wrap="nowrap">
                      {onWidth && (
                        <>
                          <Mover label={t('list.narrower', { name: title })} onMove={() => widen(column, -step)}>
                            <IconMinus size={14} aria-hidden />
                          </Mover>
                          <Mover label={t('list.wider', { name: title })} onMove={() => widen(column, step)}>
                            <IconPlus size={14} aria-hidden />
                          </Mover>
                        </>
                      )}
                      <Mover
                        label={t('list.moveUp', { name: title })}
                        disabled={at === 0}
                        onMove={() => move(name, -1)}
                      >
                        <IconArrowUp size={14} aria-hidden />
                      </Mover>
                      <Mover
                        label={t('list.moveDown', { name: title })}
                        disabled={at === shown.length - 1}
                        onMove={() => move(name, 1)}
                      >
                        <IconArrowDown size={14} aria-hidden />
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

type MoverProps = { label: string; disabled?: boolean; onMove(): void; children: React.ReactNode }

function Mover({ label, disabled = false, onMove, children }: MoverProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label={label} disabled={disabled} onClick={onMove}>
        {children}
      </ActionIcon>
    </Tooltip>
  )
}
