// Fair use: after so much in the window of the quota these rates hold.
import { ActionIcon, Button, Text, Title, Tooltip } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { RowText } from './inputs.tsx'
import classes from './plan.module.css'
import { usePlan } from './use-plan-form.ts'
import type { FupStep } from './values.ts'

const mostSteps = 20
const columns = ['after_octets', 'down_bps', 'up_bps'] as const

export function FupSteps() {
  const { t } = useTranslation()
  const { values, set, isReadOnly, errorOf } = usePlan()
  const steps = values.fup_steps
  const put = (index: number, change: Partial<FupStep>) =>
    set({ fup_steps: steps.map((step, at) => (at === index ? { ...step, ...change } : step)) })
  const error = errorOf('fup_steps')
  return (
    <>
      <Title order={3} size="xs" fw={600} mt="md">
        {t('plan.fup')}
      </Title>
      <Text size="xs" c="dimmed">
        {t('plan.fupHint', { when: t(`plan.choices.quota_period.${values.quota_period}`) })}
      </Text>
      {steps.map((step, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- a step has no other name than its place
        <div key={index} className={classes.rowFields} role="group" aria-label={t('plan.step', { number: index + 1 })}>
          {columns.map((name) => (
            <RowText
              key={name}
              label={t(`plan.stepFields.${name}`)}
              path={`fup_steps.${index + 1}.${name}`}
              width={104}
              value={step[name]}
              onChange={(text) => put(index, { [name]: text })}
            />
          ))}
          {!isReadOnly && (
            <Tooltip label={t('act.remove')}>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t('plan.removeStep', { number: index + 1 })}
                onClick={() => set({ fup_steps: steps.filter((_, at) => at !== index) })}
              >
                <IconTrash size={16} aria-hidden />
              </ActionIcon>
            </Tooltip>
          )}
        </div>
      ))}
      {error !== undefined && (
        <Text size="xs" c="light-dark(var(--mantine-color-red-9), var(--mantine-color-red-4))" role="alert">
          {error}
        </Text>
      )}
      {!isReadOnly && steps.length < mostSteps && (
        <Button
          mt="xs"
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => set({ fup_steps: [...steps, { after_octets: '', down_bps: '', up_bps: '' }] })}
        >
          {t('plan.addStep')}
        </Button>
      )}
    </>
  )
}
