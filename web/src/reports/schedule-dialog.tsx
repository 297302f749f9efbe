// A report that is sent by e-mail: what, to whom, how often. Of one that is sent already also: pause, remove, both with Undo.
import {
  Button,
  Group,
  Modal,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { postReportSchedules, putReportSchedulesId } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { reportLooks, type ReportKey } from './report-looks.ts'
import { columnTitle, reportTitle } from './report-words.ts'
import { ScheduleWays } from './schedule-ways.tsx'
import { bodyOf, formOf, hours, troubleOf, type Schedule, type ScheduleForm } from './schedule-form.ts'
import { reportList } from './use-report.ts'

type Props = {
  /** Of one that is sent already. */
  schedule?: Schedule | undefined
  initial?: Partial<Pick<Schedule, 'name' | 'report' | 'parameters'>>
  onClose(): void
}

export function ScheduleDialog({ schedule, initial, onClose }: Props) {
  const { t } = useTranslation()
  const known = useQuery(reportList)
  const save = useAct({
    run: async (form: ScheduleForm) => {
      const body = bodyOf(form)
      if (schedule === undefined) return (await postReportSchedules({ body, throwOnError: true })).data
      return (await putReportSchedulesId({ path: { id: String(schedule.id) }, body, throwOnError: true })).data
    },
    touches: [['report-schedules']],
    isForm: true,
    done: ({ name }) => t(schedule === undefined ? 'schedules.wasAdded' : 'schedules.wasChanged', { name }),
    onDone: onClose,
  })
  const fields = useFields(formOf(schedule ?? initial), save.error)
  const { values, set, field, errorOf } = fields
  const trouble = troubleOf(values, t)
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(values)
  }
  return (
    <Modal opened onClose={onClose} title={t(schedule === undefined ? 'schedules.add' : 'schedules.edit')} size="md">
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput label={t('schedules.name')} required {...field('name')} data-autofocus />
          <Select
            label={t('schedules.report')}
            required
            allowDeselect={false}
            data={(known.data ?? []).map((one) => ({ value: one.name, label: reportTitle(one, t) }))}
            value={values.report}
            error={errorOf('report')}
            onChange={(report) => report !== null && set({ report, by: '' })}
          />
          <Key form={values} onChange={(by) => set({ by })} />
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
            <Select
              label={t('schedules.every')}
              allowDeselect={false}
              data={(['day', 'week', 'month'] as const).map((every) => ({
                value: every,
                label: t(`schedules.intervals.${every}`),
              }))}
              value={values.every}
              onChange={(every) => every !== null && set({ every })}
            />
            <Select
              label={t('schedules.hour')}
              description={t('schedules.hourHint')}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              allowDeselect={false}
              data={hours}
              value={values.hour}
              onChange={(hour) => hour !== null && set({ hour })}
            />
          </SimpleGrid>
          <Textarea
            label={t('schedules.recipients')}
            description={t('schedules.recipientsHint')}
            required
            autosize
            minRows={2}
            maxRows={8}
            dir="ltr"
            {...field('recipients')}
            error={errorOf('recipients') ?? trouble}
          />
          <SegmentedControl
            aria-label={t('schedules.format')}
            value={values.format}
            onChange={(format) => set({ format })}
            data={[
              { value: 'csv', label: t('reports.asCsv') },
              { value: 'xlsx', label: t('reports.asXlsx') },
            ]}
          />
          <Text size="xs" c="dimmed">
            {t('schedules.inYourName')}
          </Text>
          <ProblemNote error={save.error} />
          <Group justify="space-between">
            <Group gap="xs">{schedule && <ScheduleWays schedule={schedule} onDone={onClose} />}</Group>
            <Group gap="xs">
              <Button variant="default" onClick={onClose}>
                {t('act.cancel')}
              </Button>
              <Button
                type="submit"
                loading={save.isPending}
                disabled={trouble !== undefined || values.name.trim() === '' || values.recipients.trim() === ''}
              >
                {t('act.save')}
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** By what it is put together, where the report can be put together by several. */
function Key({ form, onChange }: { form: ScheduleForm; onChange(by: ReportKey | ''): void }) {
  const { t } = useTranslation()
  const keys = reportLooks[form.report]?.keys
  if (keys === undefined) return null
  return (
    <Select
      label={t('reports.by')}
      allowDeselect={false}
      data={keys.map((key) => ({ value: key, label: columnTitle(key, t) }))}
      value={form.by === '' ? keys[0]! : form.by}
      onChange={(by) => onChange(by === keys[0] ? '' : (by as ReportKey))}
    />
  )
}
