// What a plan says, by what it is about: speeds, period and price, quota, what happens when it is over, and what routers need.
import { Card, Chip, Group, Input, MultiSelect, Select, Switch, Textarea, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { getNasGroups } from '../api/generated/sdk.gen.ts'
import { useMay } from '../sign-in/me.ts'
import { FupSteps } from './fup-steps.tsx'
import { Gardens } from './gardens.tsx'
import { GroupPoolList } from './group-pools.tsx'
import { PlanChoice, PlanText } from './inputs.tsx'
import classes from './plan.module.css'
import { usePlan } from './use-plan-form.ts'
import { WeekGrid } from './week-grid.tsx'
import { WeekList } from './week-list.tsx'
import { weekdays } from './week.ts'

function Section({ title, isWide = false, children }: { title: string; isWide?: boolean; children: ReactNode }) {
  return (
    <Card withBorder padding="sm" component="section" aria-label={title} {...(isWide && { className: classes.wide })}>
      <Title order={2} size="sm" fw={600} mb="xs">
        {title}
      </Title>
      {children}
    </Card>
  )
}

export function Sections({ planId }: { planId: number | undefined }) {
  const { t } = useTranslation()
  return (
    <div className={classes.sections}>
      <Section title={t('plan.sections.speed')}>
        <Speeds />
      </Section>
      <Section title={t('plan.sections.period')}>
        <Period />
      </Section>
      <Section title={t('plan.sections.week')} isWide>
        <WeekGrid />
        <WeekList />
      </Section>
      <Section title={t('plan.sections.quota')}>
        <Quota planId={planId} />
      </Section>
      <Section title={t('plan.sections.over')}>
        <Gardens />
      </Section>
      <Section title={t('plan.sections.network')}>
        <Network />
      </Section>
      <Section title={t('plan.sections.lines')}>
        <Lines />
      </Section>
    </div>
  )
}

function Speeds() {
  return (
    <div className={classes.pairs}>
      <div className={classes.wide}>
        <PlanText name="name" required />
      </div>
      <PlanText name="down_bps" placeholder="50M" required />
      <PlanText name="up_bps" placeholder="20M" required />
      <PlanText name="burst_down_bps" placeholder="100M" />
      <PlanText name="burst_up_bps" placeholder="40M" />
      <PlanText name="burst_threshold_down_bps" />
      <PlanText name="burst_threshold_up_bps" />
      <PlanText name="burst_seconds" />
      <PlanText name="priority" placeholder="8" />
      <PlanText name="min_down_bps" />
      <PlanText name="min_up_bps" />
    </div>
  )
}

function Period() {
  const { t } = useTranslation()
  const { values, set, currency, isReadOnly, errorOf } = usePlan()
  return (
    <div className={classes.pairs}>
      <PlanText name="price" placeholder="0" end={currency} />
      <PlanText name="setup_price" placeholder="0" end={currency} />
      <PlanText name="validity" required />
      <PlanChoice name="validity_unit" />
      <PlanChoice name="expiry_rule" />
      {values.expiry_rule === 'local-hour' && <PlanText name="expiry_hour" placeholder="12" />}
      <PlanText name="grace_hours" placeholder="0" />
      <div className={classes.wide}>
        <Input.Wrapper
          label={t('plan.fields.no_cut_days')}
          description={t('plan.noCutHint')}
          error={errorOf('no_cut_days')}
          labelElement="div"
        >
          <Chip.Group
            multiple
            value={values.no_cut_days.map(String)}
            onChange={(days) => set({ no_cut_days: days.map(Number).toSorted((one, other) => one - other) })}
          >
            <Group gap={4} mt={4} role="group" aria-label={t('plan.fields.no_cut_days')}>
              {weekdays.map((day) => (
                <Chip key={day} value={String(day)} size="xs" variant="outline" disabled={isReadOnly}>
                  {t(`plan.days.d${day}`)}
                </Chip>
              ))}
            </Group>
          </Chip.Group>
        </Input.Wrapper>
      </div>
      <div className={classes.wide}>
        <Switch
          label={t('plan.fields.auto_renew')}
          checked={values.auto_renew}
          disabled={isReadOnly}
          onChange={(event) => set({ auto_renew: event.currentTarget.checked })}
        />
      </div>
    </div>
  )
}

function Quota({ planId }: { planId: number | undefined }) {
  const { t } = useTranslation()
  const { values, set, isReadOnly, errorOf } = usePlan()
  const plans = useQuery({ ...choicesOf.plan, enabled: values.on_quota === 'slower' })
  return (
    <>
      <div className={classes.pairs}>
        <PlanText name="quota_octets" placeholder="100G" />
        <PlanText name="quota_down_octets" />
        <PlanText name="quota_up_octets" />
        <PlanChoice name="quota_period" />
        <PlanChoice name="on_quota" />
        {values.on_quota === 'slower' && (
          <Select
            label={t('plan.fields.quota_plan_id')}
            searchable
            required
            readOnly={isReadOnly}
            error={errorOf('quota_plan_id')}
            data={(plans.data ?? [])
              .filter(({ id }) => id !== planId)
              .map(({ id, name }) => ({ value: String(id), label: name }))}
            value={values.quota_plan_id === '' ? null : values.quota_plan_id}
            onChange={(value) => set({ quota_plan_id: value ?? '' })}
          />
        )}
      </div>
      <FupSteps />
    </>
  )
}

function Network() {
  const { t } = useTranslation()
  const { values, set, isReadOnly, errorOf } = usePlan()
  const mayGroups = useMay('nas.read')
  const groups = useQuery({
    queryKey: ['choices', 'nas-group'],
    queryFn: async () => (await getNasGroups({ throwOnError: true })).data.items,
    staleTime: 60_000,
    enabled: mayGroups,
  })
  const named = (groups.data ?? []).map(({ id, name }) => ({ value: String(id), label: name }))
  return (
    <>
      <div className={classes.pairs}>
        <PlanText name="pool" />
        <PlanText name="ipv6_pool" />
        <PlanText name="delegated_ipv6_pool" />
        <PlanText name="address_list" />
      </div>
      {mayGroups && (
        <>
          <MultiSelect
            mt="sm"
            label={t('plan.fields.allowed_nas_group_ids')}
            description={t('plan.allowedHint')}
            readOnly={isReadOnly}
            error={errorOf('allowed_nas_group_ids')}
            data={named}
            value={[...values.allowed_nas_group_ids]}
            onChange={(ids) => set({ allowed_nas_group_ids: ids })}
          />
          <GroupPoolList groups={named} />
        </>
      )}
    </>
  )
}

function Lines() {
  const { t } = useTranslation()
  const { values, set, isReadOnly, errorOf } = usePlan()
  return (
    <div className={classes.pairs}>
      <PlanText name="session_limit" />
      <PlanText name="device_limit" />
      <PlanChoice name="mac_rule" />
      <PlanText name="idle_timeout_s" />
      <PlanText name="interim_interval_s" />
      <div className={classes.wide}>
        <Textarea
          label={t('plan.fields.attributes')}
          description={t('plan.attributesHint')}
          autosize
          minRows={2}
          maxRows={10}
          dir="ltr"
          spellCheck={false}
          readOnly={isReadOnly}
          error={errorOf('attributes')}
          value={values.attributes}
          onChange={(event) => set({ attributes: event.currentTarget.value })}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        />
      </div>
    </div>
  )
}
