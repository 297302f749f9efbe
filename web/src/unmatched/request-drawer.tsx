// One request that matched nobody: what it sent, and what can be made of it.
import { Button, Code, Drawer, Group, Loader, Stack, Text, Title } from '@mantine/core'
import type { TFunction } from 'i18next'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteUnmatchedId } from '../api/generated/sdk.gen.ts'
import type { UnmatchedRequest } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatInstant, formatRelative } from '../i18n/format.ts'
import { FactList } from '../list/fact-list.tsx'
import { useMay } from '../sign-in/me.ts'
import { AttachForm } from './attach-form.tsx'
import { NewForm } from './new-form.tsx'

type Props = { id: number; request: UnmatchedRequest | undefined; isLoading: boolean; onClose(): void }

export function RequestDrawer({ id, request, isLoading, onClose }: Props) {
  const { t } = useTranslation()
  return (
    <Drawer opened onClose={onClose} position="right" size={560} title={t('unmatched.request')}>
      {request === undefined && isLoading && <Loader size="sm" aria-label={t('list.loading')} />}
      {request === undefined && !isLoading && <Text size="sm">{t('unmatched.gone')}</Text>}
      {request && <Inside key={id} request={request} onClose={onClose} />}
    </Drawer>
  )
}

function Inside({ request, onClose }: { request: UnmatchedRequest; onClose(): void }) {
  const { t } = useTranslation()
  const mayAttach = useMay('unmatched.attach')
  const mayCreate = useMay('subscriber.create')
  const [doing, setDoing] = useState<'attach' | 'new'>()
  const put = useAct({
    run: () => deleteUnmatchedId({ path: { id: String(request.id) }, throwOnError: true }),
    touches: [['unmatched']],
    done: () => t('unmatched.werePut', { count: 1 }),
    onDone: onClose,
  })
  return (
    <Stack gap="md">
      <div>
        <Title order={2} size="h4">
          <bdi>{request.username || request.mac || t('unmatched.noName')}</bdi>
        </Title>
        <Text size="sm">{t(`unmatched.means.${request.reason as 'unknown'}`, { defaultValue: request.reason })}</Text>
      </div>
      {mayAttach && (
        <Group gap="xs">
          <Button variant={doing === 'attach' ? 'light' : 'filled'} onClick={() => setDoing('attach')}>
            {t('unmatched.attach')}
          </Button>
          {mayCreate && !request.known && (
            <Button variant={doing === 'new' ? 'light' : 'default'} onClick={() => setDoing('new')}>
              {t('unmatched.create')}
            </Button>
          )}
          <Button variant="subtle" color="gray" loading={put.isPending} onClick={() => put.mutate(undefined)}>
            {t('unmatched.putAway')}
          </Button>
        </Group>
      )}
      {doing === 'attach' && <AttachForm request={request} onDone={onClose} onCancel={() => setDoing(undefined)} />}
      {doing === 'new' && <NewForm request={request} onDone={onClose} onCancel={() => setDoing(undefined)} />}
      <FactList facts={factsOf(request, t)} />
      <div>
        <Title order={3} size="h5" mb="xs">
          {t('unmatched.sent')}
        </Title>
        <Code block tabIndex={0} dir="ltr">
          {attributesOf(request.sent)}
        </Code>
      </div>
    </Stack>
  )
}

function factsOf(request: UnmatchedRequest, t: TFunction): [string, ReactNode][] {
  const at = (iso: string) => `${formatInstant(iso)} (${formatRelative(iso, Date.now())})`
  const vlans = [request.s_vlan, request.c_vlan].filter((vlan) => vlan !== null).join('.')
  return [
    [t('sessions.username'), request.username],
    [t('sessions.mac'), request.mac],
    [t('sessions.nas'), [request.nas, request.nas_group].filter(Boolean).join(' · ')],
    [t('sessions.interface'), request.interface],
    [t('sessions.port'), request.port],
    [t('sessions.vlan'), vlans],
    [t('sessions.circuit'), request.circuit_id],
    [t('sessions.remote'), request.remote_id],
    [t('unmatched.facts.duid'), request.duid],
    [t('unmatched.times'), request.count],
    [t('unmatched.last'), at(request.last_at)],
    [t('unmatched.first'), at(request.first_at)],
  ]
}

/** As `Name = value`, a line each. */
function attributesOf(sent: unknown): string {
  if (typeof sent !== 'object' || sent === null) return String(sent)
  return Object.entries(sent)
    .map(([name, value]) => `${name} = ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('\n')
}
