// What is known of a subscriber, as pairs; what is not known is left out.
import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { GetSubscribersIdResponse } from '../api/generated/types.gen.ts'
import { formatInstant, formatMoney, formatRelative } from '../i18n/format.ts'
import classes from './facts.module.css'

type Subscriber = GetSubscribersIdResponse
type Fact = readonly [name: string, value: ReactNode]

const at = (iso: string | null) => iso && `${formatInstant(iso, undefined)} (${formatRelative(iso, Date.now())})`

function factsOf(one: Subscriber): Fact[] {
  const { plan, next_plan, owner, group, payer, balance, currency, devices, addresses } = one
  const vlans = [one.bound_s_vlan, one.bound_c_vlan].filter((vlan) => vlan !== null).join('.')
  return [
    ['plan', plan.name],
    ['nextPlan', next_plan?.name],
    ['expires', at(one.expires_at)],
    ['grace', at(one.grace_until)],
    ['blocked', one.block_reason],
    ['accountType', one.account_type.toUpperCase().replace('OE', 'oE')],
    ['address', one.address],
    ['email', one.email],
    ['zone', one.zone],
    ['owner', owner.name],
    ['group', group?.name],
    ['payer', payer.name],
    ['balance', balance && formatMoney(balance, currency)],
    ['staticAddresses', addresses.map(({ prefix }) => prefix).join(', ')],
    ['devices', devices.map(({ mac }) => mac).join(', ')],
    ['interface', [one.bound_interface, one.bound_port, vlans].filter(Boolean).join(' ')],
    ['registered', at(one.activated_at)],
  ]
}

export function Facts({ subscriber }: { subscriber: Subscriber }) {
  const { t } = useTranslation()
  return (
    <dl className={classes.facts}>
      {factsOf(subscriber)
        .filter(([, value]) => value != null && value !== '')
        .map(([name, value]) => (
          <div key={name} className={classes.fact}>
            <Text component="dt" size="sm" c="dimmed">
              {t(`facts.${name}` as 'facts.plan')}
            </Text>
            <Text component="dd" size="sm" m={0}>
              <bdi>{value}</bdi>
            </Text>
          </div>
        ))}
    </dl>
  )
}
