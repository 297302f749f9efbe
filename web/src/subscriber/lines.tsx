// By what the line is known and which addresses it has: devices bound or only seen, static and leased addresses, the interface.
import { Anchor, Button, Group, Stack, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { FactList } from '../list/fact-list.tsx'
import { useMay } from '../sign-in/me.ts'
import { Devices } from './devices.tsx'
import { Section } from './section.tsx'
import type { PartProps } from './subscriber-parts.tsx'

export function Lines({ subscriber, choose }: PartProps) {
  const { t } = useTranslation()
  const may = useMay('subscriber.network') && subscriber.archived_at === null
  return (
    <Stack gap="lg">
      <Section
        title={t('subscriber.devices.title')}
        tools={
          may && (
            <Group gap={6}>
              <Button size="compact-xs" variant="default" onClick={() => choose('bind-mac')}>
                {t('subscriber.devices.add')}
              </Button>
              {subscriber.devices.length > 0 && (
                <Button size="compact-xs" variant="default" onClick={() => choose('release-mac')}>
                  {t('subscriber.devices.releaseAll')}
                </Button>
              )}
            </Group>
          )
        }
      >
        <Devices subscriber={subscriber} choose={choose} may={may} />
      </Section>
      <Section
        title={t('subscriber.addresses.title')}
        tools={
          may && (
            <Group gap={6}>
              <Button size="compact-xs" variant="default" onClick={() => choose('set-address')}>
                {t('subscriber.addresses.set')}
              </Button>
              {subscriber.addresses.length > 0 && (
                <Button size="compact-xs" variant="default" onClick={() => choose('release-address')}>
                  {t('subscriber.addresses.release')}
                </Button>
              )}
            </Group>
          )
        }
      >
        <Addresses subscriber={subscriber} />
      </Section>
      <Section
        title={t('subscriber.binding.title')}
        tools={
          may && (
            <Button size="compact-xs" variant="default" onClick={() => choose('rebind-interface')}>
              {t('subscriber.binding.change')}
            </Button>
          )
        }
      >
        <Binding subscriber={subscriber} />
      </Section>
    </Stack>
  )
}

function Addresses({ subscriber }: Pick<PartProps, 'subscriber'>) {
  const { t } = useTranslation()
  const maySearch = useMay('address.search')
  const { addresses, sessions } = subscriber
  const leased = sessions.flatMap((session) =>
    [session.framed_ip, session.framed_ipv6_prefix, session.delegated_ipv6_prefix, session.framed_ipv6_address].filter(
      (address) => address !== null,
    ),
  )
  const isStatic = (address: string) =>
    addresses.some(({ prefix }) => prefix.replace(/\/(32|128)$/, '') === address.replace(/\/(32|128)$/, ''))
  return (
    <>
      <FactList
        facts={[
          [
            t('subscriber.addresses.static'),
            addresses.map(({ prefix }) => prefix).join(', ') || t('subscriber.addresses.noStatic'),
          ],
          [t('subscriber.addresses.leased'), leased.filter((one) => !isStatic(one)).join(', ')],
          [t('facts.routes'), subscriber.routes.join(', ')],
          [t('facts.lastAddress'), subscriber.online ? null : subscriber.last_seen.framed_ip],
        ]}
      />
      {maySearch && (
        <Anchor
          size="sm"
          mt="xs"
          display="inline-block"
          renderRoot={(props) => <Link {...props} to="/online/holders" />}
        >
          {t('holders.title')}
        </Anchor>
      )}
    </>
  )
}

function Binding({ subscriber }: Pick<PartProps, 'subscriber'>) {
  const { t } = useTranslation()
  const vlans = [subscriber.bound_s_vlan, subscriber.bound_c_vlan].filter((vlan) => vlan !== null).join('.')
  const facts = [
    [t('facts.interface'), [subscriber.bound_interface, subscriber.bound_port, vlans].filter(Boolean).join(' ')],
    [t('facts.nasGroup'), subscriber.bound_nas_group?.name],
    [t('facts.circuit'), subscriber.circuit_id],
    [t('facts.remote'), subscriber.remote_id],
    [t('facts.duid'), subscriber.duid],
  ] as const
  const isBound = facts.some(([, value]) => value != null && value !== '')
  return (
    <>
      {!isBound && <Text size="sm">{t('subscriber.binding.none')}</Text>}
      <FactList facts={[...facts, [t('subscriber.binding.now'), subscriber.last_seen.interface]]} />
    </>
  )
}
