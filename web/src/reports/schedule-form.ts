// A scheduled report as its form has it, and as the API takes it.
import type { TFunction } from 'i18next'
import type { GetReportSchedulesResponse, PostReportSchedulesData } from '../api/generated/types.gen.ts'
import { reportLooks, type ReportKey } from './report-looks.ts'

export type Schedule = GetReportSchedulesResponse['items'][number]
export type ScheduleBody = PostReportSchedulesData['body']
export type ScheduleForm = {
  name: string
  report: string
  by: ReportKey | ''
  days: string
  every: Schedule['every']
  hour: string
  format: Schedule['format']
  /** One a line. */
  recipients: string
  enabled: boolean
}

export const hours = Array.from({ length: 24 }, (_, hour) => ({ value: String(hour), label: hourWords(hour) }))

export function hourWords(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`
}

export function formOf(known: Partial<Schedule> | undefined): ScheduleForm {
  const report = known?.report ?? 'growth'
  return {
    name: known?.name ?? '',
    report,
    by: known?.parameters?.by ?? '',
    days: String(known?.parameters?.days ?? ''),
    every: known?.every ?? 'week',
    hour: String(known?.hour ?? 7),
    format: known?.format ?? 'xlsx',
    recipients: (known?.recipients ?? []).join('\n'),
    enabled: known?.enabled ?? true,
  }
}

function recipientsOf(text: string): string[] {
  return text
    .split(/[\s,;]+/)
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

export function bodyOf(form: ScheduleForm): ScheduleBody {
  const days = form.days === '' ? reportLooks[form.report]?.days?.usual : Number(form.days)
  return {
    name: form.name.trim(),
    report: form.report as ScheduleBody['report'],
    parameters: { ...(form.by !== '' && { by: form.by }), ...(days !== undefined && { days }) },
    format: form.format,
    recipients: recipientsOf(form.recipients),
    every: form.every,
    hour: Number(form.hour),
    enabled: form.enabled,
  }
}

/** The same, of one that is sent already. */
export function bodyOfSchedule({
  name,
  report,
  parameters,
  format,
  recipients,
  every,
  hour,
  enabled,
}: Schedule): ScheduleBody {
  return { name, report: report as ScheduleBody['report'], parameters, format, recipients, every, hour, enabled }
}

/** What can be seen to be wrong while it is typed. */
export function troubleOf({ recipients }: ScheduleForm, t: TFunction): string | undefined {
  const bad = recipientsOf(recipients).find((address) => !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(address))
  return bad === undefined ? undefined : t('schedules.badAddress', { address: bad })
}
