// What can be done with the thing that a page is about: change it, and take it away after a question.
import { ActionIcon, Menu } from '@mantine/core'
import { IconDots } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useAct } from '../api/use-act.ts'
import { Confirm } from './confirm.tsx'

type Props = {
  name: string
  /** What becomes of the rest when it is gone. */
  hint: string
  remove(): Promise<unknown>
  touches: Parameters<typeof useAct>[0]['touches']
  onRemoved(): void
  editor(close: () => void): ReactNode
}

export function EditMenu({ name, hint, remove, touches, onRemoved, editor }: Props) {
  const { t } = useTranslation()
  const [doing, setDoing] = useState<'edit' | 'remove'>()
  const close = () => setDoing(undefined)
  const removing = useAct({
    run: remove,
    touches,
    isForm: true,
    done: () => t('nases.removed', { name }),
    onDone: onRemoved,
  })
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size="lg" aria-label={t('list.actions')}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setDoing('edit')}>{t('act.edit')}</Menu.Item>
          <Menu.Item color="red" onClick={() => setDoing('remove')}>
            {t('act.remove')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {doing === 'edit' && editor(close)}
      {doing === 'remove' && (
        <Confirm
          title={t('nases.removeTitle', { name })}
          lines={[hint, t('actions.noUndo')]}
          submit={t('act.remove')}
          isBusy={removing.isPending}
          error={removing.error}
          onConfirm={() => removing.mutate(undefined)}
          onClose={close}
        />
      )}
    </>
  )
}
