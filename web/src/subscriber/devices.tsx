// The devices of a subscriber by their MACs: bound, learnt, or only seen; each bound or released with Undo.
import { Badge, Button, Group, Table, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatRelative } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import type { PartProps } from './subscriber-parts.tsx'
import { WideTable } from './wide-table.tsx'

export function Devices({ subscriber, choose, may }: PartProps & { may: boolean }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { devices, sessions, learn_mac_until: until, device_limit: limit } = subscriber
  const seen = sessions.map(({ mac }) => mac).filter((mac) => mac !== null)
  const others = [...new Set([...seen, subscriber.last_seen.mac])].filter(
    (mac) => mac !== null && !devices.some((one) => one.mac === mac),
  )
  const rows = [
    ...devices.map(({ mac, bound, learnt_at: at }) => ({ mac, bound, at })),
    ...others.map((mac) => ({ mac: mac!, bound: false, at: undefined })),
  ]
  const deviceButton = (what: 'bind' | 'release', mac: string) => (
    <Button
      size="compact-xs"
      variant="subtle"
      aria-label={`${t(`subscriber.devices.${what}`)} ${mac}`}
      onClick={() => choose(`${what}-mac`, { macs: [mac] })}
    >
      {t(`subscriber.devices.${what}`)}
    </Button>
  )
  return (
    <>
      {until !== null && Date.parse(until) > Date.now() && (
        <Text size="sm">{t('subscriber.devices.learning', { until: instant(until) })}</Text>
      )}
      {limit !== null && <Text size="sm">{t('subscriber.devices.limit', { count: limit })}</Text>}
      {rows.length === 0 && <Text size="sm">{t('subscriber.devices.none')}</Text>}
      {rows.length > 0 && (
        <WideTable
          label={t('subscriber.devices.title')}
          heads={[
            { title: t('sessions.mac') },
            { title: t('subscriber.devices.state') },
            { title: t('subscriber.devices.learnt') },
            { title: t('subscriber.devices.do') },
          ]}
        >
          {rows.map(({ mac, bound, at }) => (
            <Table.Tr key={mac}>
              <Table.Td>
                <bdi>{mac}</bdi>
              </Table.Td>
              <Table.Td>
                <Group gap={6} wrap="nowrap">
                  <Badge variant="light" color={bound ? 'green' : 'gray'} tt="none">
                    {t(bound ? 'subscriber.devices.bound' : 'subscriber.devices.seen')}
                  </Badge>
                  {seen.includes(mac) && (
                    <Badge variant="dot" color="green" tt="none">
                      {t('subscribers.online')}
                    </Badge>
                  )}
                </Group>
              </Table.Td>
              <Table.Td>{at !== undefined && `${instant(at)} (${formatRelative(at, Date.now())})`}</Table.Td>
              <Table.Td>
                {may && (
                  <Group gap={4} wrap="nowrap">
                    {!bound && deviceButton('bind', mac)}
                    {at !== undefined && deviceButton('release', mac)}
                  </Group>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
    </>
  )
}
