// What the list of plans shows of each.
import type { TFunction } from 'i18next'
import type { GetPlansResponse } from '../api/generated/types.gen.ts'
import { formatMoney, formatNumber, formatOctets, formatRate } from '../i18n/format.ts'
import type { ListColumn } from '../list/list-table.tsx'

export type PlanRow = GetPlansResponse['items'][number]

const first = <T,>(...values: (T | null)[]): T | undefined => values.find((value): value is T => value !== null)

export function planColumns(t: TFunction): ListColumn<PlanRow>[] {
  return [
    { name: 'name', title: t('plan.fields.name'), width: 180, cell: ({ name }) => <bdi>{name}</bdi> },
    {
      name: 'rates',
      title: t('plan.rates'),
      width: 190,
      isNumber: true,
      cell: ({ down_bps: down, up_bps: up }) => <bdi>{`${formatRate(down)} / ${formatRate(up)}`}</bdi>,
    },
    {
      name: 'price',
      title: t('plan.fields.price'),
      width: 90,
      isNumber: true,
      cell: ({ price, currency }) => formatMoney(price, currency),
    },
    {
      name: 'validity',
      title: t('plan.fields.validity'),
      width: 100,
      isNumber: true,
      cell: (plan) =>
        plan.validity === 0 ? t('plan.forever') : t(`plan.lasts.${plan.validity_unit}`, { count: plan.validity }),
    },
    {
      name: 'subscribers',
      title: t('nav.subscribers'),
      width: 110,
      isNumber: true,
      cell: ({ subscribers }) => formatNumber(subscribers),
    },
    {
      name: 'quota',
      title: t('plan.quota'),
      width: 90,
      isNumber: true,
      cell: (plan) => {
        const quota = first(plan.quota_octets, plan.quota_down_octets, plan.quota_up_octets)
        return quota === undefined ? null : formatOctets(quota)
      },
    },
    {
      name: 'more',
      title: t('plan.more'),
      width: 190,
      cell: (plan) =>
        [
          plan.fup_steps.length > 0 && t('plan.steps', { count: plan.fup_steps.length }),
          plan.schedule.length > 0 && t('plan.windows', { count: plan.schedule.length }),
          plan.auto_renew && t('plan.renews'),
        ]
          .filter(Boolean)
          .join(' · '),
    },
    {
      name: 'pool',
      title: t('plan.fields.pool'),
      width: 120,
      cell: ({ pool }) => <bdi>{pool}</bdi>,
    },
    {
      name: 'owner',
      title: t('plan.owner'),
      width: 130,
      cell: ({ owner }) => (owner === null ? t('plan.shared') : <bdi>{owner}</bdi>),
    },
  ]
}
