// The devices of a subscriber by their MACs: bound, learnt, or only seen; each bound or released with Undo.
import { Badge, Button, Group, Table, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatRelative } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import type { PartProps } from './subscriber-parts.tsx'
import type { Subscriber } from './use-subscriber.ts'
import { WideTable } from './wide-table.tsx'

type Device = {
  mac: string
  bound: boolean
  isOnline: boolean
  /** Since when it is known; undefined: it was only seen in a session. */
  since: string | undefined
}

export function Devices({ subscriber, choose, may }: PartProps & { may: boolean }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { learn_mac_until: until, device_limit: limit } = subscriber
  const devices = devicesOf(subscriber)
  const heads = [
    { title: t('sessions.mac') },
    { title: t('subscriber.devices.state') },
    { title: t('subscriber.devices.learnt') },
    { title: t('subscriber.devices.do') },
  ]
  return (
    <>
      {until !== null && Date.parse(until) > Date.now() && (
        <Text size="sm">{t('subscriber.devices.learning', { until: instant(until) })}</Text>
      )}
      {limit !== null && <Text size="sm">{t('subscriber.devices.limit', { count: limit })}</Text>}
      {devices.length === 0 && <Text size="sm">{t('subscriber.devices.none')}</Text>}
      {devices.length > 0 && (
        <WideTable label={t('subscriber.devices.title')} heads={heads}>
          {devices.map((device) => (
            <DeviceRow key={device.mac} device={device} choose={may ? choose : undefined} />
          ))}
        </WideTable>
      )}
    </>
  )
}

function devicesOf({ devices, sessions, last_seen: last }: Subscriber): Device[] {
  const online = sessions.flatMap(({ mac }) => mac ?? [])
  const seen = [...new Set([...online, ...(last.mac === null ? [] : [last.mac])])]
  return [
    ...devices.map(({ mac, bound, learnt_at: since }) => ({ mac, bound, since, isOnline: online.includes(mac) })),
    ...seen
      .filter((mac) => !devices.some((known) => known.mac === mac))
      .map((mac) => ({ mac, bound: false, since: undefined, isOnline: online.includes(mac) })),
  ]
}

function DeviceRow({ device, choose }: { device: Device; choose: PartProps['choose'] | undefined }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { mac, bound, since, isOnline } = device
  const button = (what: 'bind' | 'release') => (
    <Button
      size="compact-xs"
      variant="subtle"
      aria-label={`${t(`subscriber.devices.${what}`)} ${mac}`}
      onClick={() => choose?.(`${what}-mac`, { macs: [mac] })}
    >
      {t(`subscriber.devices.${what}`)}
    </Button>
  )
  return (
    <Table.Tr>
      <Table.Td>
        <bdi>{mac}</bdi>
      </Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <Badge variant="light" color={bound ? 'green' : 'gray'} tt="none">
            {t(bound ? 'subscriber.devices.bound' : 'subscriber.devices.seen')}
          </Badge>
          {isOnline && (
            <Badge variant="dot" color="green" tt="none">
              {t('subscribers.online')}
            </Badge>
          )}
        </Group>
      </Table.Td>
      <Table.Td>{since !== undefined && `${instant(since)} (${formatRelative(since, Date.now())})`}</Table.Td>
      <Table.Td>
        {choose && (
          <Group gap={4} wrap="nowrap">
            {!bound && button('bind')}
            {since !== undefined && button('release')}
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  )
}
