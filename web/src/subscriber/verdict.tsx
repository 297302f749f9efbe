// What a login is answered, in a plain sentence, what helps, and the buttons that do it.
import { Alert, Anchor, Button, Group, Text } from '@mantine/core'
import { IconAlertTriangle, IconCheck, IconX } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { formatRate } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { useMe } from '../sign-in/me.ts'
import { actionsFor, actionTitle } from '../subscribers/action-list.ts'
import { flow, withInstants } from './flow.ts'
import type { PartProps } from './subscriber-parts.tsx'
import { mendOf, sentenceOf, waysOf } from './why-words.ts'

type Answer = {
  decision: 'accept' | 'reject'
  reason: string | null
  garden: string | null
  sentence: string
  mend: string | null
  detail: string | null
  nas?: { name: string } | string | null
  rates?: { down_bps: number; up_bps: number } | null
  pool?: string | null
  address?: string | null
  asked_with?: { mac: string | null; interface: string | null }
}

export function Verdict({ answer, subscriber, choose }: PartProps & { answer: Answer }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { decision, garden, sentence, mend, detail, rates, pool, address } = answer
  const reason = answer.reason ?? garden ?? 'accepted'
  const isGood = decision === 'accept' && garden === null
  const helps = isGood ? '' : mendOf(reason, mend, t)
  const nas = typeof answer.nas === 'string' ? answer.nas : answer.nas?.name
  const gets = [rates && flow(formatRate(rates.down_bps), formatRate(rates.up_bps)), address ?? pool].filter(Boolean)
  return (
    <Alert
      variant="light"
      color={isGood ? 'green' : garden !== null ? 'yellow' : 'red'}
      icon={
        isGood ? <IconCheck aria-hidden /> : garden !== null ? <IconAlertTriangle aria-hidden /> : <IconX aria-hidden />
      }
      title={sentenceOf({ reason, accepted: decision === 'accept', sentence }, t)}
      role="status"
    >
      {nas !== undefined && (
        <Text size="sm">
          {t('why.on')} <bdi>{nas}</bdi>
          {gets.length > 0 && (
            <>
              {' · '}
              <bdi>{gets.join(' · ')}</bdi>
            </>
          )}
        </Text>
      )}
      {detail !== null && (
        <Text size="sm" c="dimmed">
          <bdi>{withInstants(detail, instant)}</bdi>
        </Text>
      )}
      {helps !== '' && <Text size="sm">{helps}</Text>}
      {!isGood && <Ways answer={answer} reason={reason} subscriber={subscriber} choose={choose} />}
    </Alert>
  )
}

function Ways({ answer, reason, subscriber, choose }: PartProps & { answer: Answer; reason: string }) {
  const { t } = useTranslation()
  const { permissions } = useMe()
  const offered = actionsFor(subscriber).filter(({ permission }) => permissions.includes(permission))
  const actions = waysOf(reason).flatMap((name) => offered.find((action) => action.name === name) ?? [])
  const mayNetwork = permissions.includes('subscriber.network')
  const { mac, interface: place } = answer.asked_with ?? { mac: null, interface: null }
  return (
    <Group gap="xs" mt="xs">
      {mayNetwork && reason === 'mac-not-bound' && mac !== null && (
        <Button size="compact-sm" onClick={() => choose('bind-mac', { macs: [mac] })}>
          {t('why.bindMac', { mac })}
        </Button>
      )}
      {mayNetwork && reason === 'wrong-interface' && place !== null && (
        <Button size="compact-sm" onClick={() => choose('rebind-interface', { interface: place })}>
          {t('why.bindInterface', { place })}
        </Button>
      )}
      {actions.map((action, at) => (
        <Button
          key={action.name}
          size="compact-sm"
          variant={at === 0 ? 'filled' : 'default'}
          onClick={() => choose(action)}
        >
          {actionTitle(action.name, t)}
        </Button>
      ))}
      {reason === 'pool-exhausted' && permissions.includes('nas.read') && (
        <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/pools" />}>
          {t('nav.pools')}
        </Anchor>
      )}
      {reason === 'too-many-sessions' && permissions.includes('subscriber.edit') && <EditLink id={subscriber.id} />}
    </Group>
  )
}

function EditLink({ id }: { id: number }) {
  const { t } = useTranslation()
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => <Link {...props} to="/subscribers/$id/edit" params={{ id: String(id) }} />}
    >
      {t('subscriber.edit')}
    </Anchor>
  )
}
