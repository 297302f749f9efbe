// A view's name, who sees it, and whether the list begins with it.
import { Button, Checkbox, Group, Modal, Radio, Stack, TextInput } from '@mantine/core'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { patchViewsId, postViews } from '../api/generated/sdk.gen.ts'
import type { SavedView } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import type { ViewContent } from './views.ts'

type Props = {
  /** Undefined: a new one. */
  view: SavedView | undefined
  content: ViewContent
  onClose(): void
  onSaved(view: SavedView): void
}
type Audience = SavedView['shared_with']
type Typed = { name: string; shared_with: Audience; is_default: boolean }
const audiences = ['nobody', 'team', 'organisation'] as const satisfies readonly Audience[]

export function ViewDialog({ view, content, onClose, onSaved }: Props) {
  const { t } = useTranslation()
  const save = useAct({
    run: async (typed: Typed) => {
      const body = { ...typed, name: typed.name.trim() }
      return view === undefined
        ? (await postViews({ body: { noun: 'subscriber', ...content, ...body }, throwOnError: true })).data
        : (await patchViewsId({ path: { id: String(view.id) }, body, throwOnError: true })).data
    },
    touches: [['views']],
    isForm: true,
    done: ({ name }) => t('views.saved', { name }),
    onDone: onSaved,
  })
  const fields = useFields<Typed>(
    {
      name: view?.name ?? '',
      shared_with: view?.shared_with ?? 'nobody',
      is_default: view?.is_default ?? false,
    },
    save.error,
  )
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(fields.values)
  }
  return (
    <Modal opened onClose={onClose} title={t(view === undefined ? 'views.saveAs' : 'views.edit')}>
      <form onSubmit={send}>
        <Stack gap="md">
          <TextInput label={t('views.name')} required maxLength={100} data-autofocus {...fields.field('name')} />
          <Radio.Group
            label={t('views.sharedWith')}
            value={fields.values.shared_with}
            onChange={(next) => fields.set({ shared_with: next })}
          >
            <Group mt={6}>
              {audiences.map((audience) => (
                <Radio key={audience} value={audience} label={t(`views.audiences.${audience}`)} />
              ))}
            </Group>
          </Radio.Group>
          <Checkbox
            label={t('views.default')}
            checked={fields.values.is_default}
            onChange={(event) => fields.set({ is_default: event.currentTarget.checked })}
          />
          <ProblemNote error={save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={fields.values.name.trim() === ''}>
              {t('act.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
