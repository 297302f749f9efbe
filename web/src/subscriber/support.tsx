// What support does beside the actions, as items of a menu, and the dialogs that some of it opens.
import { Button, Group, Menu, Modal, Stack, Text } from '@mantine/core'
import { IconCopy, IconPencil } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Confirm } from '../shell/confirm.tsx'
import { useMe } from '../sign-in/me.ts'
import { Revealed } from '../subscribers/revealed.tsx'
import { useCopy } from '../subscribers/use-copy.ts'
import type { Subscriber } from './use-subscriber.ts'
import { supportKinds, supportNeeds, type Support } from './use-support.ts'

export function SupportItems({ subscriber, support }: { subscriber: Subscriber; support: Support }) {
  const { t } = useTranslation()
  const copy = useCopy()
  const { permissions } = useMe()
  const { id, username, archived_at: archivedAt } = subscriber
  const kinds = supportKinds.filter((kind) => permissions.includes(supportNeeds[kind]))
  return (
    <>
      {permissions.includes('subscriber.edit') && archivedAt === null && (
        <Menu.Item
          leftSection={<IconPencil size={15} aria-hidden />}
          renderRoot={(props) => <Link {...props} to="/subscribers/$id/edit" params={{ id: String(id) }} />}
        >
          {t('subscriber.edit')}
        </Menu.Item>
      )}
      <Menu.Item leftSection={<IconCopy size={15} aria-hidden />} onClick={() => copy(username)}>
        {t('subscribers.copyUsername')}
      </Menu.Item>
      {kinds.length > 0 && (
        <>
          <Menu.Label>{t('subscriber.support.title')}</Menu.Label>
          {kinds.map((kind) => (
            <Menu.Item key={kind} onClick={() => support.begin(kind)}>
              {t(`subscriber.support.${kind}`)}
            </Menu.Item>
          ))}
        </>
      )}
    </>
  )
}

export function SupportDialogs({ username, support }: { username: string; support: Support }) {
  const { t } = useTranslation()
  const { open, close, newPassword, secondFactor } = support
  if (support.password !== undefined) {
    return (
      <Revealed
        username={t('subscriber.support.atPortal', { name: username })}
        revealed={{ password: support.password }}
        onClose={support.forgetPassword}
      />
    )
  }
  if (open === 'portal-password') {
    return (
      <Confirm
        title={t('subscriber.support.portal-password')}
        lines={[t('subscriber.support.passwordOf', { name: username }), t('subscriber.support.passwordHint')]}
        submit={t('subscriber.support.makePassword')}
        isDanger={false}
        isBusy={newPassword.isPending}
        error={newPassword.error}
        onConfirm={() => newPassword.mutate(undefined)}
        onClose={close}
      />
    )
  }
  if (open === 'second-factor') {
    return (
      <Confirm
        title={t('subscriber.support.second-factor')}
        lines={[t('subscriber.support.factorOf', { name: username }), t('actions.noUndo')]}
        submit={t('subscriber.support.reset')}
        isBusy={secondFactor.isPending}
        error={secondFactor.error}
        onConfirm={() => secondFactor.mutate(undefined)}
        onClose={close}
      />
    )
  }
  return open === 'portal' && <PortalDialog username={username} onClose={close} />
}

function PortalDialog({ username, onClose }: { username: string; onClose(): void }) {
  const { t } = useTranslation()
  return (
    <Modal opened onClose={onClose} title={t('subscriber.support.portal')}>
      <Stack gap="sm">
        <Text size="sm">{t('subscriber.support.portalReady', { name: username })}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('act.cancel')}
          </Button>
          <Button component="a" href="/portal" target="_blank" onClick={onClose} data-autofocus>
            {t('subscriber.support.openPortal')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
