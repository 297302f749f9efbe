// A webhook added or changed. The secret that signs its calls is shown once, when it is made.
import { Alert, Button, Group, Modal, Stack, Switch, TagsInput, TextInput } from '@mantine/core'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postWebhooks, putWebhooksId } from '../api/generated/sdk.gen.ts'
import type { PostWebhooksData } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { Copied } from '../shell/copied.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import type { Webhook } from './webhooks.tsx'

type Body = PostWebhooksData['body']
const suggested = [
  '*',
  'subscriber.*',
  'subscriber.create',
  'subscriber.renew',
  'subscriber.activate',
  'subscriber.block',
  'subscriber.unblock',
  'subscriber.delete',
  'plan.*',
]
const eventForm = /^(\*|[a-z-]+\.(\*|[a-z-]+))$/

export function WebhookDialog({ webhook, onClose }: { webhook?: Webhook; onClose(): void }) {
  const { t } = useTranslation()
  const save = useAct({
    run: async (body: Body): Promise<{ name: string; secret?: string }> =>
      webhook === undefined
        ? (await postWebhooks({ body, throwOnError: true })).data
        : (await putWebhooksId({ path: { id: String(webhook.id) }, body, throwOnError: true })).data,
    touches: [['webhooks']],
    isForm: true,
    done: ({ name }) => t('messages.webhookSaved', { name }),
    undo: () =>
      webhook && (() => putWebhooksId({ path: { id: String(webhook.id) }, body: bodyOf(webhook), throwOnError: true })),
    onDone: ({ secret }) => {
      if (secret === undefined) onClose()
    },
  })
  const initial = webhook === undefined ? { name: '', url: '', events: ['*'], enabled: true } : bodyOf(webhook)
  const { values, set, field, errorOf } = useFields(initial, save.error)
  const wrongEvent = values.events.find((event) => !eventForm.test(event))
  const isUrl = values.url === '' || /^https?:\/\/\S+$/.test(values.url.trim())
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate({ ...values, name: values.name.trim(), url: values.url.trim() })
  }
  if (save.data?.secret !== undefined) {
    return (
      <Modal
        opened
        onClose={onClose}
        title={t('messages.secretTitle', { name: save.data.name })}
        closeOnClickOutside={false}
      >
        <Stack gap="sm">
          <Alert variant="light" color="yellow">
            {t('messages.secretHint')}
          </Alert>
          <Copied label={t('messages.secret')} value={save.data.secret} />
          <Group justify="flex-end">
            <Button onClick={onClose}>{t('messages.kept')}</Button>
          </Group>
        </Stack>
      </Modal>
    )
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={webhook === undefined ? t('messages.addWebhook') : t('messages.editWebhook', { name: webhook.name })}
    >
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput label={t('messages.name')} required data-autofocus maxLength={100} {...field('name')} />
          <TextInput
            label={t('messages.url')}
            description={t('messages.urlHint')}
            required
            dir="ltr"
            {...field('url')}
            error={errorOf('url') ?? (isUrl ? undefined : t('messages.wrongUrl'))}
          />
          <TagsInput
            label={t('messages.events')}
            description={t('messages.eventsHint')}
            required
            acceptValueOnBlur
            data={suggested}
            splitChars={[',', ' ']}
            value={values.events}
            onChange={(events) => set({ events })}
            error={errorOf('events') ?? (wrongEvent && t('messages.wrongEvent', { event: wrongEvent }))}
          />
          <Switch
            label={t('messages.enabled')}
            checked={values.enabled}
            onChange={(event) => set({ enabled: event.currentTarget.checked })}
          />
          <ProblemNote error={save.error instanceof ApiError && save.error.isOfFields ? null : save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button
              type="submit"
              loading={save.isPending}
              disabled={
                values.name.trim() === '' ||
                values.url === '' ||
                !isUrl ||
                values.events.length === 0 ||
                wrongEvent !== undefined
              }
            >
              {t(webhook === undefined ? 'messages.addWebhook' : 'act.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function bodyOf({ name, url, events, enabled }: Webhook) {
  return { name, url, events, enabled }
}
