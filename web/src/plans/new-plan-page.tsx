// A plan that is not there yet.
import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { postPlans } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { planNewRoute } from '../routes/offer.ts'
import { useMay, useMe } from '../sign-in/me.ts'
import { createAgainKey } from '../api/again-key.ts'
import { PlanFrame } from './plan-frame.tsx'
import { usePlanForm } from './use-plan-form.ts'
import { blankValues, bodyOf, type PlanBody } from './values.ts'

export function NewPlanPage() {
  const { t } = useTranslation()
  const navigate = planNewRoute.useNavigate()
  const me = useMe()
  const mayOwners = useMay('organisation.read') && me.organisation_kind === 'isp'
  const [ownerId, setOwnerId] = useState('')
  const [again] = useState(createAgainKey)
  const owners = useQuery({ ...choicesOf.organisation, enabled: mayOwners })
  const add = useAct({
    run: async (body: PlanBody) =>
      (await postPlans({ body, headers: { 'Idempotency-Key': again(body) }, throwOnError: true })).data,
    touches: [['plans'], ['choices', 'plan']],
    isForm: true,
    done: ({ name }) => t('plan.added', { name }),
    onDone: (plan) =>
      void navigate(plan?.id ? { to: '/plans/$id', params: { id: String(plan.id) } } : { to: '/plans' }),
  })
  const form = usePlanForm({ initial: blankValues, error: add.error, isReadOnly: false, currency: me.currency })
  return (
    <PlanFrame
      title={t('plan.addTitle')}
      tools={
        mayOwners &&
        owners.data !== undefined && (
          <Select
            size="xs"
            aria-label={t('plan.owner')}
            allowDeselect={false}
            data={[
              { value: '', label: t('plan.shared') },
              ...owners.data.map(({ id, name }) => ({ value: String(id), label: name })),
            ]}
            value={ownerId}
            onChange={(value) => setOwnerId(value ?? '')}
          />
        )
      }
      form={form}
      error={add.error}
      isBusy={add.isPending}
      submit={t('plan.add')}
      onSubmit={() => add.mutate({ ...bodyOf(form.values), ...(ownerId !== '' && { owner_id: Number(ownerId) }) })}
      onCancel={() => void navigate({ to: '/plans' })}
    />
  )
}
