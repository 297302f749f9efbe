// Subscribers as a file: which, with which columns, in which format. It streams at once; everybody, and what takes long, is made in
// the background and comes when it is ready.
import {
  Alert,
  Button,
  Checkbox,
  Group,
  Input,
  Loader,
  Modal,
  MultiSelect,
  Radio,
  SegmentedControl,
  Stack,
  Text,
} from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ProblemNote } from '../shell/problem-note.tsx'
import type { TargetChoice } from './action-dialog.tsx'
import { columnTitle, type KnownColumn } from './columns.tsx'
import { mostSelected, useExport, type ExportWish } from './use-export.ts'

type Props = {
  choices: readonly TargetChoice[]
  counts: Readonly<Record<TargetChoice['name'], number | undefined>>
  known: readonly KnownColumn[]
  shown: readonly string[]
  onClose(): void
}
type ColumnSet = 'shown' | 'import' | 'chosen'
const columnSets = ['shown', 'import', 'chosen'] as const satisfies readonly ColumnSet[]
/** From so many rows on nobody wants to wait for it. */
const long = 100_000

export function ExportDialog({ choices, counts, known, shown, onClose }: Props) {
  const { t } = useTranslation()
  const [format, setFormat] = useState<'csv' | 'xlsx'>('csv')
  const [bom, setBom] = useState(false)
  const [set, setSet] = useState<ColumnSet>('shown')
  const [chosen, setChosen] = useState<readonly string[]>(() => [...new Set([...shown, 'email', 'phone'])])
  const [whom, setWhom] = useState(choices[0]!.name)
  const [isLater, setLater] = useState<boolean>()
  const { begin, background } = useExport(onClose)
  const isEverybody = whom === 'all'
  const isBackground = isEverybody || (whom === 'matching' && (isLater ?? (counts.matching ?? 0) > long))
  const isTooMany = whom === 'selected' && (counts.selected ?? 0) > mostSelected
  const columns = set === 'shown' ? shown : set === 'chosen' ? chosen : undefined
  const send = (event: FormEvent) => {
    event.preventDefault()
    const { target } = choices.find(({ name }) => name === whom)!
    const wish: ExportWish = { format, bom: format === 'csv' && bom, columns, target, isBackground }
    begin.mutate(wish)
  }
  if (background !== undefined) return <Waiting {...background} onClose={onClose} />
  return (
    <Modal opened onClose={onClose} title={t('export.title')}>
      <form onSubmit={send}>
        <Stack gap="md">
          <Input.Wrapper label={t('export.format')} labelElement="div">
            <SegmentedControl
              fullWidth
              aria-label={t('export.format')}
              value={format}
              onChange={(next) => setFormat(next)}
              data={[
                { value: 'csv', label: 'CSV' },
                { value: 'xlsx', label: 'XLSX' },
              ]}
            />
          </Input.Wrapper>
          {format === 'csv' && (
            <Checkbox label={t('export.bom')} checked={bom} onChange={(event) => setBom(event.currentTarget.checked)} />
          )}
          <Radio.Group label={t('export.rows')} value={whom} onChange={(next) => setWhom(next)}>
            <Stack gap={6} mt={6}>
              {choices.map(({ name }) => (
                <Radio key={name} value={name} label={t(`export.whom.${name}`, { count: counts[name] ?? 0 })} />
              ))}
            </Stack>
          </Radio.Group>
          {isTooMany && <Alert color="yellow">{t('export.tooMany', { count: mostSelected })}</Alert>}
          <Radio.Group label={t('export.columns')} value={set} onChange={(next) => setSet(next)}>
            <Stack gap={6} mt={6}>
              {columnSets.map((name) => (
                <Radio key={name} value={name} label={t(`export.sets.${name}`)} />
              ))}
            </Stack>
          </Radio.Group>
          {set === 'chosen' && (
            <MultiSelect
              aria-label={t('export.columns')}
              searchable
              data={known.map(({ name, title }) => ({ value: name, label: columnTitle(name, title, t) }))}
              value={[...chosen]}
              onChange={setChosen}
            />
          )}
          {whom === 'matching' && (
            <Checkbox
              label={t('export.later')}
              checked={isBackground}
              onChange={(event) => setLater(event.currentTarget.checked)}
            />
          )}
          {isEverybody && (
            <Text size="sm" c="dimmed">
              {t('export.everybody')}
            </Text>
          )}
          <ProblemNote error={begin.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={begin.isPending} disabled={isTooMany || columns?.length === 0}>
              {t('export.begin')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

type WaitingProps = { state: string; error: string | null; onStop(): void; onClose(): void }

function Waiting({ state, error, onStop, onClose }: WaitingProps) {
  const { t } = useTranslation()
  const isOpen = state === 'waiting' || state === 'running'
  return (
    <Modal opened onClose={onClose} title={t('export.title')}>
      <Stack gap="md">
        <Group gap="sm" role="status">
          {isOpen && <Loader size="sm" aria-hidden />}
          <Text size="sm">{isOpen ? t('export.making') : (error ?? t('export.stopped'))}</Text>
        </Group>
        <Group justify="flex-end">
          {isOpen && (
            <Button variant="default" onClick={onStop}>
              {t('export.stop')}
            </Button>
          )}
          <Button onClick={onClose}>{t('act.close')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
