// The windows of the week one by one: days, times and speeds, all by keyboard.
import { ActionIcon, Button, Chip, Group, Select, Text, TextInput, Tooltip } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { RowText } from './inputs.tsx'
import classes from './plan.module.css'
import { usePlan } from './use-plan-form.ts'
import type { WeekWindow } from './values.ts'
import { colourOf } from './week-grid.tsx'
import { weekdays, windowOf } from './week.ts'
import week from './week.module.css'

const mostWindows = 50

export function WeekList() {
  const { t } = useTranslation()
  const { values, set, isReadOnly, errorOf } = usePlan()
  const { schedule } = values
  const put = (index: number, change: Partial<WeekWindow>) =>
    set({ schedule: schedule.map((window, at) => (at === index ? { ...window, ...change } : window)) })
  return (
    <div>
      {schedule.length === 0 && (
        <Text size="sm" c="dimmed" mt="xs">
          {t('plan.noWindow')}
        </Text>
      )}
      {schedule.map((window, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- a window has no other name than its place
        <Window key={index} window={window} index={index} onChange={(change) => put(index, change)} />
      ))}
      {errorOf('schedule') !== undefined && (
        <Text size="xs" c="light-dark(var(--mantine-color-red-9), var(--mantine-color-red-4))" role="alert" mt={4}>
          {errorOf('schedule')}
        </Text>
      )}
      {!isReadOnly && schedule.length < mostWindows && (
        <Button
          mt="xs"
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => set({ schedule: [...schedule, windowOf({ days: weekdays, from: 0, to: 360 })] })}
        >
          {t('plan.addWindow')}
        </Button>
      )}
    </div>
  )
}

type Props = { window: WeekWindow; index: number; onChange(change: Partial<WeekWindow>): void }

function Window({ window, index, onChange }: Props) {
  const { t } = useTranslation()
  const { values, set, isReadOnly, errorOf } = usePlan()
  const path = `schedule.${index + 1}`
  const remove = () => set({ schedule: values.schedule.filter((_, at) => at !== index) })
  return (
    <div className={classes.rowFields} role="group" aria-label={t('plan.window', { number: index + 1 })}>
      <span className={week.swatch} style={colourOf(index)} />
      <div>
        <Chip.Group
          multiple
          value={window.weekdays.map(String)}
          onChange={(days) => onChange({ weekdays: days.map(Number).toSorted((one, other) => one - other) })}
        >
          <Group gap={3} mt={3}>
            {weekdays.map((day) => (
              <Chip
                key={day}
                value={String(day)}
                size="xs"
                variant="outline"
                disabled={isReadOnly}
                styles={{ label: { paddingInline: 7 }, iconWrapper: { display: 'none' } }}
              >
                {t(`plan.days.d${day}`)}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        {errorOf(`${path}.weekdays`) !== undefined && (
          <Text size="xs" c="light-dark(var(--mantine-color-red-9), var(--mantine-color-red-4))">
            {errorOf(`${path}.weekdays`)}
          </Text>
        )}
      </div>
      <Times window={window} path={path} onChange={onChange} />
      <Speed window={window} path={path} onChange={onChange} />
      {!isReadOnly && (
        <Tooltip label={t('act.remove')}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t('plan.removeWindow', { number: index + 1 })}
            onClick={remove}
          >
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  )
}

type PartProps = { window: WeekWindow; path: string; onChange(change: Partial<WeekWindow>): void }

/** `24:00` is the end of the day, which a browser's own input of times does not know. */
function Times({ window, path, onChange }: PartProps) {
  const { t } = useTranslation()
  const { isReadOnly, errorOf } = usePlan()
  return (
    <>
      {(['from', 'to'] as const).map((side) => (
        <TextInput
          key={side}
          size="xs"
          w={64}
          dir="ltr"
          aria-label={t(`plan.${side}`)}
          placeholder={side === 'from' ? '22:00' : '24:00'}
          maxLength={5}
          readOnly={isReadOnly}
          error={side === 'to' ? errorOf(`${path}.to`) : undefined}
          value={window[side]}
          onChange={(event) => onChange({ [side]: event.currentTarget.value })}
        />
      ))}
    </>
  )
}

function Speed({ window, path, onChange }: PartProps) {
  const { t } = useTranslation()
  const { isReadOnly } = usePlan()
  return (
    <>
      <Select
        size="xs"
        w={126}
        aria-label={t('plan.speed')}
        allowDeselect={false}
        readOnly={isReadOnly}
        data={[
          { value: 'percent', label: t('plan.share') },
          { value: 'rates', label: t('plan.ownRates') },
        ]}
        value={window.speed}
        onChange={(value) => onChange({ speed: value === 'rates' ? 'rates' : 'percent' })}
      />
      {window.speed === 'percent' ? (
        <RowText
          label={t('plan.share')}
          path={`${path}.percent`}
          width={72}
          end="%"
          value={window.percent}
          onChange={(percent) => onChange({ percent })}
        />
      ) : (
        <>
          <RowText
            label={t('plan.fields.down_bps')}
            path={`${path}.down_bps`}
            width={84}
            value={window.down_bps}
            onChange={(down) => onChange({ down_bps: down })}
          />
          <RowText
            label={t('plan.fields.up_bps')}
            path={`${path}.up_bps`}
            width={84}
            value={window.up_bps}
            onChange={(up) => onChange({ up_bps: up })}
          />
        </>
      )}
    </>
  )
}
