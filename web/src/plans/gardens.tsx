// What becomes of a line that has expired, is blocked or has used its quota: refused, or let into a walled garden, and into which.
import { Text, TextInput, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { PlanChoice, PlanText } from './inputs.tsx'
import classes from './plan.module.css'
import { usePlan } from './use-plan-form.ts'
import { gardenReasons } from './values.ts'

export function Gardens() {
  const { t } = useTranslation()
  const { values, set, isReadOnly, errorOf } = usePlan()
  const services = { expired: values.on_expiry, blocked: values.on_block, quota: values.on_quota }
  const fenced = gardenReasons.filter(
    (reason) => services[reason] === 'garden' || Object.values(values.gardens[reason]).some((text) => text !== ''),
  )
  return (
    <>
      <div className={classes.pairs}>
        <PlanChoice name="on_expiry" />
        <PlanChoice name="on_block" />
        <PlanText name="garden_address_list" />
        <PlanText name="garden_pool" />
      </div>
      {fenced.length > 0 && (
        <>
          <Title order={3} size="xs" fw={600} mt="md">
            {t('plan.ownGardens')}
          </Title>
          <Text size="xs" c="dimmed">
            {t('plan.ownGardensHint')}
          </Text>
        </>
      )}
      {fenced.map((reason) => (
        <div key={reason} className={classes.pairs} role="group" aria-label={t(`plan.gardenOf.${reason}`)}>
          {(['address_list', 'pool'] as const).map((part) => (
            <TextInput
              key={part}
              size="xs"
              label={t('plan.gardenField', {
                reason: t(`plan.gardenOf.${reason}`),
                field: t(part === 'pool' ? 'plan.fields.garden_pool' : 'plan.fields.garden_address_list'),
              })}
              readOnly={isReadOnly}
              error={errorOf(`gardens.${reason}.${part}`)}
              value={values.gardens[reason][part]}
              onChange={(event) =>
                set({
                  gardens: {
                    ...values.gardens,
                    [reason]: { ...values.gardens[reason], [part]: event.currentTarget.value },
                  },
                })
              }
            />
          ))}
        </div>
      ))}
    </>
  )
}
