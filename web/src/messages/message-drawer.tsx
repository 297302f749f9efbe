// One message: what became of it, and once more.
import { Anchor, Button, Drawer, Stack } from '@mantine/core'
import { IconRepeat } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { postMessagesIdSendAgain } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { FactList } from '../list/fact-list.tsx'
import { useMay } from '../sign-in/me.ts'
import { StateBadge, type Message } from './outbox.tsx'
import { kindWord } from './words.ts'

export function useSendAgain() {
  const { t } = useTranslation()
  return useAct({
    run: (message: Message) => postMessagesIdSendAgain({ path: { id: String(message.id) }, throwOnError: true }),
    touches: [['messages']],
    done: (_result, { recipient, webhook }) => t('messages.again', { name: recipient ?? webhook ?? '' }),
  })
}

export function MessageDrawer({ message, onClose }: { message: Message; onClose(): void }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const mayEdit = useMay('message.edit')
  const again = useSendAgain()
  const { subscriber_id: subscriberId } = message
  return (
    <Drawer opened onClose={onClose} position="right" title={message.subject ?? kindWord(message.kind, t)}>
      <Stack>
        <StateBadge state={message.state} />
        <FactList
          facts={[
            [t('messages.to'), message.recipient ?? message.webhook],
            [t('messages.kind'), kindWord(message.kind, t)],
            [t('messages.channel'), t(`messages.channels.${message.channel}`)],
            [t('messages.at'), instant(message.created_at)],
            [t('messages.sentAt'), instant(message.sent_at)],
            [t('messages.attempts'), message.attempts],
            [t('messages.error'), message.last_error],
            [
              t('messages.subscriber'),
              subscriberId === null ? null : (
                <Anchor
                  key="subscriber"
                  size="sm"
                  renderRoot={(props) => <Link {...props} to="/subscribers" search={{ open: subscriberId }} />}
                >
                  {t('messages.openSubscriber')}
                </Anchor>
              ),
            ],
          ]}
        />
        {mayEdit && message.state !== 'sending' && (
          <Button
            variant="default"
            leftSection={<IconRepeat size={16} aria-hidden />}
            loading={again.isPending}
            onClick={() => again.mutate(message)}
          >
            {t(message.state === 'sent' ? 'messages.sendOnceMore' : 'messages.sendNow')}
          </Button>
        )}
      </Stack>
    </Drawer>
  )
}
