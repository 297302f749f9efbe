// Asks for a file of something to be made in the background.
import { Button, Checkbox, Group, Modal, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postExports } from '../api/generated/sdk.gen.ts'
import type { PostExportsData } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { fromLocalInput } from '../i18n/format.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMe } from '../sign-in/me.ts'

/** What may be exported, and what one must be permitted to see for it. */
const nouns = {
  subscribers: 'subscriber.read',
  sessions: 'subscriber.read',
  ledger: 'money.read',
  'access-log': 'log.read',
  audit: 'audit.read',
  operators: 'operator.read',
} as const
type Noun = keyof typeof nouns
type Order = PostExportsData['body']

export function NewExport({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const { permissions } = useMe()
  const begin = useAct({
    run: async (body: Order) => (await postExports({ body, throwOnError: true })).data,
    touches: [['exports']],
    isForm: true,
    done: () => t('exports.begun'),
    onDone: onClose,
  })
  const { values, set, field } = useFields<{
    noun: Noun
    format: 'csv' | 'xlsx'
    bom: boolean
    from: string
    to: string
  }>({ noun: 'subscribers', format: 'csv', bom: false, from: '', to: '' }, begin.error)
  const { noun, format, bom } = values
  const send = (event: FormEvent) => {
    event.preventDefault()
    const form = { format, ...(format === 'csv' && { bom }) }
    const [from, to] = [fromLocalInput(values.from), fromLocalInput(values.to)]
    if (noun === 'subscribers') begin.mutate({ noun, ...form })
    else begin.mutate({ noun, ...form, ...(from !== undefined && { from }), ...(to !== undefined && { to }) })
  }
  return (
    <Modal opened onClose={onClose} title={t('exports.add')}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <Text size="sm">{t('exports.hint')}</Text>
          <Select
            label={t('exports.noun')}
            data-autofocus
            allowDeselect={false}
            data={(Object.keys(nouns) as Noun[])
              .filter((name) => permissions.includes(nouns[name]))
              .map((name) => ({ value: name, label: t(`exports.nouns.${name}`) }))}
            value={noun}
            onChange={(next) => next !== null && set({ noun: next })}
          />
          <SegmentedControl
            aria-label={t('exports.format')}
            value={format}
            onChange={(next) => set({ format: next as 'csv' | 'xlsx' })}
            data={['csv', 'xlsx'].map((value) => ({ value, label: value.toUpperCase() }))}
          />
          {format === 'csv' && (
            <Checkbox
              label={t('exports.bom')}
              checked={bom}
              onChange={(event) => set({ bom: event.currentTarget.checked })}
            />
          )}
          {noun !== 'subscribers' && noun !== 'operators' && (
            <Group grow>
              <TextInput type="datetime-local" label={t('exports.from')} {...field('from')} />
              <TextInput type="datetime-local" label={t('exports.to')} {...field('to')} />
            </Group>
          )}
          <ProblemNote error={begin.error instanceof ApiError && begin.error.isOfFields ? null : begin.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={begin.isPending}>
              {t('exports.make')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
