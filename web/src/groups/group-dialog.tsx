// A new group, or another name for one.
import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { ApiError } from '../api/client.ts'
import { deleteGroupsId, patchGroupsId, postGroups } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay, useMe } from '../sign-in/me.ts'
import type { SubscriberGroup } from './all-groups.ts'

type Props = { group: SubscriberGroup | undefined; onClose(): void }

const touches = [['groups'], ['choices', 'group'], ['subscribers'], ['subscriber']]

export function GroupDialog({ group, onClose }: Props) {
  const { t } = useTranslation()
  const me = useMe()
  const hasOwners = useMay('organisation.read') && me.organisation_kind === 'isp' && group === undefined
  const save = useAct({
    run: async ({ name, owner }: { name: string; owner: number }) => {
      if (group === undefined) return (await postGroups({ body: { name, owner }, throwOnError: true })).data
      return (await patchGroupsId({ path: { id: String(group.id) }, body: { name }, throwOnError: true })).data
    },
    touches,
    isForm: true,
    done: ({ name }) =>
      group === undefined ? t('groups.added', { name }) : t('groups.renamed', { name, before: group.name }),
    undo: ({ id }) => {
      const path = { id: String(id) }
      return group === undefined
        ? () => deleteGroupsId({ path, throwOnError: true })
        : () => patchGroupsId({ path, body: { name: group.name }, throwOnError: true })
    },
    onDone: onClose,
  })
  const { values, field, set } = useFields({ name: group?.name ?? '', owner: me.organisation_id }, save.error)
  const length = [...values.name.trim()].length
  const isWrong = length < 2 || length > 50
  const input = field('name')
  const send = (event: FormEvent) => {
    event.preventDefault()
    if (!isWrong) save.mutate(values)
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={group === undefined ? t('groups.addTitle') : t('groups.renameOf', { name: group.name })}
    >
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput
            label={t('groups.name')}
            required
            data-autofocus
            {...input}
            error={input.error ?? (length > 0 && isWrong ? t('groups.nameRule') : undefined)}
          />
          {hasOwners && <Owner value={values.owner} onChange={(owner) => set({ owner })} />}
          <ProblemNote error={save.error instanceof ApiError && save.error.isOfFields ? null : save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={isWrong}>
              {t(group === undefined ? 'groups.add' : 'act.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function Owner({ value, onChange }: { value: number; onChange(id: number): void }) {
  const { t } = useTranslation()
  const { data = [] } = useQuery(choicesOf.organisation)
  if (data.length < 2) return null
  return (
    <Select
      label={t('groups.owner')}
      searchable
      allowDeselect={false}
      data={data.map(({ id, name }) => ({ value: String(id), label: name }))}
      value={String(value)}
      onChange={(next) => next !== null && onChange(Number(next))}
    />
  )
}
