// One RADIUS client: what holds for it, a new secret, its removal.
import { Button, Drawer, Group, Modal, NumberInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteClientsName, postClientsNameSecret } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { formatInstant } from '../i18n/format.ts'
import { FactList } from '../list/fact-list.tsx'
import { Confirm } from '../shell/confirm.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { ClientDialog } from './client-dialog.tsx'
import { NewSecret, type Revealed } from './new-secret.tsx'
import { nasKeys, type Client } from './use-nases.ts'

type Doing = 'edit' | 'secret' | 'remove'

export function ClientDrawer({ client, onClose }: { client: Client; onClose(): void }) {
  const { t } = useTranslation()
  const mayEdit = useMay('nas.edit')
  const [doing, setDoing] = useState<Doing>()
  const close = () => setDoing(undefined)
  const remove = useAct({
    run: () => deleteClientsName({ path: { name: client.name }, throwOnError: true }),
    touches: [...nasKeys],
    isForm: true,
    done: () => t('nases.removed', { name: client.name }),
    onDone: onClose,
  })
  return (
    <Drawer opened onClose={onClose} position="right" size={560} title={t('nases.client')}>
      <Stack gap="md">
        <Title order={2} size="h4">
          <bdi>{client.name}</bdi>
        </Title>
        <Group gap="xs">
          <Button
            size="compact-md"
            variant="default"
            renderRoot={(props) => <Link {...props} to="/nases" search={{ q: client.name }} />}
          >
            {t('nases.toDevices')}
          </Button>
          {mayEdit && (
            <>
              <Button size="compact-md" variant="default" onClick={() => setDoing('edit')}>
                {t('act.edit')}
              </Button>
              <Button size="compact-md" variant="default" onClick={() => setDoing('secret')}>
                {t('nases.rotate')}
              </Button>
              <Button size="compact-md" variant="light" color="red" onClick={() => setDoing('remove')}>
                {t('act.remove')}
              </Button>
            </>
          )}
        </Group>
        <FactList facts={useFacts(client)} />
      </Stack>
      {doing === 'edit' && <ClientDialog client={client} onClose={close} />}
      {doing === 'secret' && <RotateDialog client={client} onClose={close} />}
      {doing === 'remove' && (
        <Confirm
          title={t('nases.removeTitle', { name: client.name })}
          lines={[t('nases.removeClientHint'), t('actions.noUndo')]}
          submit={t('act.remove')}
          isBusy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(undefined)}
          onClose={close}
        />
      )}
    </Drawer>
  )
}

function useFacts(client: Client): [string, string | number | null][] {
  const { t } = useTranslation()
  const seen = client.message_authenticator_seen_at
  const yesNo = (value: boolean) => t(value ? 'words.yes' : 'words.no')
  return [
    [t('nases.prefix'), client.prefix],
    [t('nases.messageAuthenticator'), t(`nases.modes.${client.message_authenticator}`)],
    [t('nases.since'), seen && formatInstant(seen)],
    [t('nases.vendor'), client.vendor],
    [t('nases.group'), client.group],
    [t('nases.newNasShort'), t(`nases.newNasIs.${client.new_nas}`)],
    [t('nases.patience'), `${client.patience_ms} ms`],
    [t('nases.limitProxyStateShort'), yesNo(client.limit_proxy_state)],
    [t('nases.trustedProxyShort'), yesNo(client.trusted_proxy)],
    [t('nases.unknownPool'), client.unknown_pool],
    [t('nases.radsecName'), client.radsec_name],
    [t('nases.radsecFingerprint'), client.radsec_fingerprint],
    [t('nases.places.devices'), client.nas_count],
    [t('nases.secrets'), client.secret_count],
    [t('nases.created'), formatInstant(client.created_at)],
  ]
}

type Rotation = { secret: string; keep_days: number | '' }
const noRotation: Rotation = { secret: '', keep_days: '' }

/** A new secret: the old one stays valid for a while, so that the NAS can be told in peace. */
function RotateDialog({ client, onClose }: { client: Client; onClose(): void }) {
  const { t } = useTranslation()
  const [made, setMade] = useState<Revealed & { old_valid_until: string }>()
  const rotate = useAct({
    run: async ({ secret, keep_days: keepDays }: Rotation) => {
      const body = { ...(secret !== '' && { secret }), ...(keepDays !== '' && { keep_days: keepDays }) }
      return (await postClientsNameSecret({ path: { name: client.name }, body, throwOnError: true })).data
    },
    touches: [...nasKeys],
    isForm: true,
    onDone: setMade,
  })
  const { field, values, set, errorOf } = useFields(noRotation, rotate.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    rotate.mutate(values)
  }
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={made === undefined}
      title={t('nases.rotateTitle', { name: client.name })}
    >
      {made ? (
        <Stack gap="sm">
          <NewSecret made={made} />
          <Text size="sm">{t('nases.oldUntil', { at: formatInstant(made.old_valid_until) })}</Text>
          <Group justify="flex-end">
            <Button onClick={onClose}>{t('act.close')}</Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={send}>
          <Stack gap="sm">
            <Text size="sm">{t('nases.rotateHint')}</Text>
            <TextInput
              label={t('nases.secret')}
              description={t('nases.secretHint')}
              autoComplete="off"
              dir="ltr"
              data-autofocus
              {...field('secret')}
            />
            <NumberInput
              label={t('nases.keepDays')}
              description={t('nases.keepDaysHint')}
              min={0}
              max={90}
              allowDecimal={false}
              value={values.keep_days}
              error={errorOf('keep_days')}
              onChange={(next) => set({ keep_days: next === '' ? '' : Number(next) })}
            />
            <Text size="sm">{t('actions.noUndo')}</Text>
            <ProblemNote error={rotate.error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                {t('act.cancel')}
              </Button>
              <Button type="submit" loading={rotate.isPending}>
                {t('nases.rotate')}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  )
}
