// A new realm.
import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteRealmsName, postRealms } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { allHomeServers } from './use-nases.ts'

const actions = ['strip', 'keep', 'refuse', 'forward'] as const

export function RealmDialog({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const { data: servers } = useQuery(allHomeServers)
  const add = useAct({
    run: async ({ name, action, pool }: { name: string; action: string; pool: string }) => {
      const body = { name: name.trim(), action, ...(action === 'forward' && pool !== '' && { pool }) }
      return (await postRealms({ body, throwOnError: true })).data
    },
    touches: [['nases', 'realms']],
    isForm: true,
    done: ({ name }) => t('nases.added', { name }),
    undo:
      ({ name }) =>
      () =>
        deleteRealmsName({ path: { name }, throwOnError: true }),
    onDone: onClose,
  })
  const { field, values, set, errorOf } = useFields({ name: '', action: 'strip', pool: '' }, add.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    add.mutate(values)
  }
  return (
    <Modal opened onClose={onClose} title={t('realms.add')}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput
            label={t('realms.realm')}
            description={t('realms.realmHint')}
            dir="ltr"
            data-autofocus
            {...field('name')}
          />
          <Select
            label={t('realms.action')}
            description={t(`realms.means.${values.action as 'strip'}`)}
            allowDeselect={false}
            data={actions.map((value) => ({ value, label: t(`realms.actions.${value}`) }))}
            value={values.action}
            error={errorOf('action')}
            onChange={(next) => set({ action: next ?? 'strip' })}
          />
          {values.action === 'forward' && (
            <Select
              label={t('realms.pool')}
              required
              data={[...new Set(servers?.map(({ pool }) => pool))]}
              value={values.pool === '' ? null : values.pool}
              error={errorOf('pool')}
              onChange={(next) => set({ pool: next ?? '' })}
            />
          )}
          <ProblemNote error={add.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={add.isPending}>
              {t('realms.add')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
