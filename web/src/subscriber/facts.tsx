// What is known of a subscriber, in three groups: the person, the service, the line.
import { Anchor, Badge, Group } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { TFunction } from 'i18next'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney, formatNumber, formatRelative } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { FactList } from '../list/fact-list.tsx'
import { useMay } from '../sign-in/me.ts'
import { Section } from './section.tsx'
import type { Subscriber } from './use-subscriber.ts'

type Fact = readonly [name: string, value: ReactNode]
type Words = { t: TFunction; at(iso: string | null): string }

export function Facts({ subscriber }: { subscriber: Subscriber }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const maySeeMoney = useMay('money.read')
  const words: Words = {
    t,
    at: (iso) => (iso === null ? '' : `${instant(iso)} (${formatRelative(iso, Date.now())})`),
  }
  return (
    <>
      <Section title={t('subscriber.groups.service')}>
        <FactList facts={serviceOf(subscriber, words, maySeeMoney)} />
      </Section>
      <Section title={t('subscriber.groups.person')}>
        <FactList facts={personOf(subscriber, words)} />
      </Section>
      <Section title={t('subscriber.groups.line')}>
        <FactList facts={lineOf(subscriber, words)} />
      </Section>
    </>
  )
}

function serviceOf(one: Subscriber, { t, at }: Words, maySeeMoney: boolean): Fact[] {
  const { plan, next_plan: next, payer, balance, currency } = one
  return [
    [t('facts.plan'), plan.name],
    [t('facts.nextPlan'), next?.name],
    [t('facts.period'), one.service_period === one.label ? null : t(`words.${one.service_period}`)],
    [t('facts.since'), at(one.period_started_at)],
    [t('facts.expires'), at(one.expires_at) || t('subscriber.never')],
    [t('facts.grace'), at(one.grace_until)],
    [t('facts.blocked'), one.block_reason],
    [t('facts.blockedAt'), at(one.blocked_at)],
    [t('facts.autoRenew'), t(one.auto_renew ? 'words.yes' : 'words.no')],
    [t('facts.owner'), one.owner.name],
    [t('facts.group'), one.group?.name],
    [
      t('facts.payer'),
      maySeeMoney ? (
        <Anchor
          size="sm"
          renderRoot={(props) => <Link {...props} to="/money/payers/$id" params={{ id: String(payer.id) }} />}
        >
          {payer.name}
        </Anchor>
      ) : (
        payer.name
      ),
    ],
    [t('facts.balance'), balance && formatMoney(balance, currency)],
    [t('facts.registered'), at(one.created_at)],
    [t('facts.activated'), at(one.activated_at)],
    [t('facts.deleted'), at(one.archived_at)],
  ]
}

function personOf(one: Subscriber, { t }: Words): Fact[] {
  const { phone, phone_extension: extension, email, latitude, longitude } = one
  const where = latitude !== null && longitude !== null ? `${latitude}, ${longitude}` : undefined
  return [
    [t('facts.name'), one.full_name],
    [
      t('facts.phone'),
      phone && (
        <Anchor size="sm" href={`tel:${phone}`} dir="ltr">
          {extension === null ? phone : `${phone} ${extension}`}
        </Anchor>
      ),
    ],
    [
      t('facts.email'),
      email && (
        <Anchor size="sm" href={`mailto:${email}`}>
          {email}
        </Anchor>
      ),
    ],
    [t('facts.address'), one.address],
    [
      t('facts.place'),
      where && (
        <Anchor size="sm" href={`geo:${where.replace(' ', '')}`}>
          {where}
        </Anchor>
      ),
    ],
    [t('facts.zone'), one.zone],
    [t('facts.language'), one.language],
    [t('facts.id'), String(one.id)],
  ]
}

function lineOf(one: Subscriber, { t, at }: Words): Fact[] {
  const vlans = [one.bound_s_vlan, one.bound_c_vlan].filter((vlan) => vlan !== null).join('.')
  const limit = (count: number | null) => (count === null ? null : formatNumber(count))
  const { last_seen: seen } = one
  return [
    [t('facts.accountType'), t(`words.${one.account_type}`)],
    [t('facts.credential'), one.credential && t(`facts.credentials.${one.credential}`)],
    [t('facts.staticAddresses'), one.addresses.map(({ prefix }) => prefix).join(', ')],
    [t('facts.routes'), one.routes.join(', ')],
    [t('facts.devices'), one.devices.length === 0 ? null : <Macs devices={one.devices} />],
    [t('facts.interface'), [one.bound_interface, one.bound_port, vlans].filter(Boolean).join(' ')],
    [t('facts.nasGroup'), one.bound_nas_group?.name],
    [t('facts.circuit'), one.circuit_id],
    [t('facts.remote'), one.remote_id],
    [t('facts.duid'), one.duid],
    [t('facts.sessionLimit'), limit(one.session_limit)],
    [t('facts.deviceLimit'), limit(one.device_limit)],
    [t('facts.attributes'), one.attributes.join(', ')],
    [t('facts.lastSeen'), one.online ? null : [at(seen.at), seen.nas, seen.interface].filter(Boolean).join(' · ')],
    [t('facts.lastAddress'), one.online ? null : seen.framed_ip],
  ]
}

function Macs({ devices }: { devices: Subscriber['devices'] }) {
  const { t } = useTranslation()
  return (
    <Group gap={6}>
      {devices.map(({ mac, bound }) => (
        <span key={mac}>
          {mac}{' '}
          {bound && (
            <Badge size="xs" variant="light" tt="none">
              {t('subscriber.devices.bound')}
            </Badge>
          )}
        </span>
      ))}
    </Group>
  )
}
