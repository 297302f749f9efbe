// What can be done with a report that is sent: pause it, let it go on, remove it; each at once, with the way back.
import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { deleteReportSchedulesId, postReportSchedules, putReportSchedulesId } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { bodyOfSchedule, type Schedule } from './schedule-form.ts'

export function ScheduleWays({ schedule, onDone }: { schedule: Schedule; onDone(): void }) {
  const { t } = useTranslation()
  const { name, enabled } = schedule
  const path = { id: String(schedule.id) }
  const body = bodyOfSchedule(schedule)
  const touches = [['report-schedules']]
  const set = (isOn: boolean) => putReportSchedulesId({ path, body: { ...body, enabled: isOn }, throwOnError: true })
  const turn = useAct({
    run: () => set(!enabled),
    touches,
    done: () => t(enabled ? 'schedules.wasPaused' : 'schedules.wasResumed', { name }),
    undo: () => () => set(enabled),
    onDone,
  })
  const remove = useAct({
    run: () => deleteReportSchedulesId({ path, throwOnError: true }),
    touches,
    done: () => t('schedules.wasRemoved', { name }),
    undo: () => () => postReportSchedules({ body, throwOnError: true }),
    onDone,
  })
  return (
    <>
      <Button
        variant="default"
        loading={turn.isPending}
        aria-label={t(enabled ? 'schedules.pauseOf' : 'schedules.resumeOf', { name })}
        onClick={() => turn.mutate(undefined)}
      >
        {t(enabled ? 'schedules.pause' : 'schedules.resume')}
      </Button>
      <Button
        variant="subtle"
        color="red"
        loading={remove.isPending}
        aria-label={t('schedules.removeOf', { name })}
        onClick={() => remove.mutate(undefined)}
      >
        {t('act.remove')}
      </Button>
    </>
  )
}
