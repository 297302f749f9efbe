// One webhook: whether its calls arrive, a test call, a change, and its end.
import { Button, Drawer, Group, Skeleton, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteWebhooksId, getMessages, postWebhooksIdTest } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { FactList } from '../list/fact-list.tsx'
import { Confirm } from '../shell/confirm.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { useSendAgain } from './message-drawer.tsx'
import { StateBadge } from './outbox.tsx'
import { WebhookDialog } from './webhook-dialog.tsx'
import type { Webhook } from './webhooks.tsx'

const looked = 500
const shown = 30
const againMs = 3_000

export function WebhookDrawer({ webhook, onClose }: { webhook: Webhook; onClose(): void }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const mayEdit = useMay('message.edit')
  const [open, setOpen] = useState<'edit' | 'remove'>()
  const path = { id: String(webhook.id) }
  const test = useAct({
    run: () => postWebhooksIdTest({ path, throwOnError: true }),
    touches: [['messages']],
    done: () => t('messages.testCalled', { name: webhook.name }),
  })
  const remove = useAct({
    run: () => deleteWebhooksId({ path, throwOnError: true }),
    touches: [['webhooks'], ['messages']],
    isForm: true,
    done: () => t('messages.webhookRemoved', { name: webhook.name }),
    onDone: onClose,
  })
  return (
    <Drawer opened onClose={onClose} position="right" size="md" title={webhook.name}>
      <Stack>
        <FactList
          facts={[
            [t('messages.state'), t(webhook.enabled ? 'messages.on' : 'messages.off')],
            [t('messages.url'), webhook.url],
            [t('messages.events'), webhook.events.join(', ')],
            [t('messages.since'), instant(webhook.created_at)],
          ]}
        />
        {mayEdit && (
          <Group gap="xs">
            <Button variant="default" loading={test.isPending} onClick={() => test.mutate(undefined)}>
              {t('messages.testCall')}
            </Button>
            <Button variant="default" onClick={() => setOpen('edit')}>
              {t('act.edit')}
            </Button>
            <Button variant="subtle" color="red" onClick={() => setOpen('remove')}>
              {t('act.remove')}
            </Button>
          </Group>
        )}
        <Deliveries name={webhook.name} mayEdit={mayEdit} />
      </Stack>
      {open === 'edit' && <WebhookDialog webhook={webhook} onClose={() => setOpen(undefined)} />}
      {open === 'remove' && (
        <Confirm
          title={t('messages.removeWebhook', { name: webhook.name })}
          lines={[t('messages.removeHint')]}
          submit={t('act.remove')}
          isBusy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(undefined)}
          onClose={() => setOpen(undefined)}
        />
      )}
    </Drawer>
  )
}

/** Its calls among the newest messages. */
function Deliveries({ name, mayEdit }: { name: string; mayEdit: boolean }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const again = useSendAgain()
  const found = useQuery({
    queryKey: ['messages', 'of-webhook', name],
    queryFn: async ({ signal }) => {
      const { items } = (await getMessages({ query: { limit: String(looked) }, signal, throwOnError: true })).data
      return items.filter(({ webhook }) => webhook === name).slice(0, shown)
    },
    refetchInterval: ({ state }) =>
      state.data?.some((one) => one.sent_at === null && one.state !== 'failed') ? againMs : false,
  })
  return (
    <section aria-label={t('messages.deliveries')}>
      <Title order={3} size="sm" fw={600} mb={4}>
        {t('messages.deliveries')}
      </Title>
      <ProblemNote error={found.error} />
      {found.data === undefined && found.error === null && <Skeleton height={80} />}
      {found.data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('messages.noDelivery', { count: looked })}
        </Text>
      )}
      {found.data !== undefined && found.data.length > 0 && (
        <Table.ScrollContainer minWidth={360} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('messages.at')}</Table.Th>
                <Table.Th>{t('messages.kind')}</Table.Th>
                <Table.Th>{t('messages.state')}</Table.Th>
                <Table.Th>
                  <span className="visually-hidden">{t('list.actions')}</span>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {found.data.map((one) => (
                <Table.Tr key={one.id}>
                  <Table.Td>{instant(one.created_at)}</Table.Td>
                  <Table.Td>
                    {one.kind}
                    {one.last_error !== null && (
                      <Text size="xs" c="dimmed">
                        <bdi>{one.last_error}</bdi>
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td>
                    <StateBadge state={one.state} />
                  </Table.Td>
                  <Table.Td>
                    {mayEdit && one.state === 'failed' && (
                      <Button size="compact-xs" variant="default" onClick={() => again.mutate(one)}>
                        {t('messages.sendNow')}
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </section>
  )
}
