// The saved views in a menu: choose one, save what is shown, change its name and who sees it, remove it.
import { Button, Menu, Text } from '@mantine/core'
import {
  IconBookmark,
  IconCheck,
  IconChevronDown,
  IconDeviceFloppy,
  IconPencil,
  IconStar,
  IconTrash,
} from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteViewsId, patchViewsId, postViews } from '../api/generated/sdk.gen.ts'
import type { SavedView } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { later } from '../i18n/later.ts'
import { isChanged, savedViews, type ViewContent } from './views.ts'
import classes from './subscribers.module.css'

const ViewDialog = later(() => import('./view-dialog.tsx'), 'ViewDialog')

type Props = {
  current: SavedView | undefined
  content: ViewContent
  /** Undefined: none, everybody. */
  onChoose(view: SavedView | undefined): void
  /** The view is as it is shown now. */
  onSaved(view: SavedView): void
}

const touches = [['views']]

export function ViewsMenu({ current, content, onChoose, onSaved }: Props) {
  const { t } = useTranslation()
  const { data: views = [] } = useQuery(savedViews)
  const [editing, setEditing] = useState<'new' | SavedView>()
  const save = useAct({
    run: async (view: SavedView) =>
      (await patchViewsId({ path: { id: String(view.id) }, body: content, throwOnError: true })).data,
    touches,
    done: ({ name }) => t('views.saved', { name }),
    undo:
      (_, { id, filter, sort, columns }) =>
      () =>
        patchViewsId({ path: { id: String(id) }, body: { filter, sort, columns }, throwOnError: true }),
    onDone: onSaved,
  })
  const remove = useAct({
    run: ({ id }: SavedView) => deleteViewsId({ path: { id: String(id) }, throwOnError: true }),
    touches,
    done: (_, { name }) => t('views.removed', { name }),
    undo:
      (_, { name, filter, sort, columns, is_default, shared_with }) =>
      () =>
        postViews({
          body: { noun: 'subscriber', name, filter, sort, columns, is_default, shared_with },
          throwOnError: true,
        }),
    onDone: () => onChoose(undefined),
  })
  const changed = current !== undefined && isChanged(current, content)
  return (
    <>
      <Menu
        position="bottom-start"
        width={260}
        withinPortal={false}
        floatingStrategy="fixed"
        withInitialFocusPlaceholder={false}
      >
        <Menu.Target>
          <Button
            variant="default"
            size="compact-md"
            leftSection={<IconBookmark size={15} aria-hidden />}
            rightSection={<IconChevronDown size={15} aria-hidden />}
          >
            {current === undefined ? t('views.everybody') : <bdi>{current.name}</bdi>}
            {changed && ` (${t('views.changed')})`}
          </Button>
        </Menu.Target>
        <Menu.Dropdown className={classes.longMenu}>
          <Menu.Item leftSection={<Check isOn={current === undefined} />} onClick={() => onChoose(undefined)}>
            {t('views.everybody')}
          </Menu.Item>
          {views.map((view) => (
            <Menu.Item
              key={view.id}
              leftSection={<Check isOn={view.id === current?.id} />}
              rightSection={view.is_default && <IconStar size={14} aria-label={t('views.isDefault')} />}
              onClick={() => onChoose(view)}
            >
              <bdi>{view.name}</bdi>
              {!view.own && (
                <Text size="xs" c="dimmed">
                  {t('views.of', { name: view.operator })}
                </Text>
              )}
            </Menu.Item>
          ))}
          <Menu.Divider />
          {current?.own && changed && (
            <Menu.Item leftSection={<IconDeviceFloppy size={15} aria-hidden />} onClick={() => save.mutate(current)}>
              {t('views.save', { name: current.name })}
            </Menu.Item>
          )}
          <Menu.Item leftSection={<IconDeviceFloppy size={15} aria-hidden />} onClick={() => setEditing('new')}>
            {t('views.saveAs')}
          </Menu.Item>
          {current?.own && (
            <>
              <Menu.Item leftSection={<IconPencil size={15} aria-hidden />} onClick={() => setEditing(current)}>
                {t('views.edit')}
              </Menu.Item>
              <Menu.Item
                className={classes.danger}
                leftSection={<IconTrash size={15} aria-hidden />}
                onClick={() => remove.mutate(current)}
              >
                {t('views.remove')}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {editing !== undefined && (
        <Suspense fallback={null}>
          <ViewDialog
            view={editing === 'new' ? undefined : editing}
            content={content}
            onClose={() => setEditing(undefined)}
            onSaved={(view) => {
              setEditing(undefined)
              onSaved(view)
            }}
          />
        </Suspense>
      )}
    </>
  )
}

function Check({ isOn }: { isOn: boolean }) {
  const { t } = useTranslation()
  return isOn ? <IconCheck size={15} aria-label={t('views.shown')} /> : <span style={{ inlineSize: 15 }} />
}
