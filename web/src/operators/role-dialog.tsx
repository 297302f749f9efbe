// A new role, which begins with what another may do; or another name for one.
import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { patchRolesId, postRoles } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMe } from '../sign-in/me.ts'
import type { Role } from './choices.ts'
import { useRoleName } from './operator-words.ts'

type Props = { role: Role | undefined; roles: readonly Role[]; onClose(): void }

export function RoleDialog({ role, roles, onClose }: Props) {
  const { t } = useTranslation()
  const roleName = useRoleName()
  const { permissions: own } = useMe()
  const [from, setFrom] = useState<string | null>(null)
  const save = useAct({
    run: async (name: string) => {
      if (role !== undefined) {
        return (await patchRolesId({ path: { id: String(role.id) }, body: { name }, throwOnError: true })).data
      }
      const begun = roles.find(({ id }) => String(id) === from)?.permissions ?? []
      const permissions = begun.filter((permission) => own.includes(permission))
      return (await postRoles({ body: { name, permissions }, throwOnError: true })).data
    },
    touches: [['operators', 'roles']],
    isForm: true,
    done: ({ name }) => t(role === undefined ? 'roles.added' : 'roles.renamed', { name }),
    onDone: onClose,
  })
  const { values, field } = useFields({ name: role?.name ?? '' }, save.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(values.name.trim())
  }
  return (
    <Modal opened onClose={onClose} title={role ? t('roles.renameOf', { name: role.name }) : t('roles.add')}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput label={t('roles.name')} required maxLength={50} data-autofocus {...field('name')} />
          {role === undefined && (
            <Select
              label={t('roles.from')}
              clearable
              placeholder={t('roles.fromNothing')}
              data={roles.map(({ id, name }) => ({ value: String(id), label: roleName(name) }))}
              value={from}
              onChange={setFrom}
            />
          )}
          <ProblemNote error={save.error instanceof ApiError && save.error.fields['name'] ? null : save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={values.name.trim() === ''}>
              {t(role ? 'act.save' : 'roles.add')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
