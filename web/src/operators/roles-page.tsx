// Roles and what each may do, as a matrix. Built-in ones are shown; the boxes of one's own roles count at once, with Undo.
import { ActionIcon, Badge, Button, Checkbox, Group, Loader, Stack, Text, Tooltip } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconCheck, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteRolesId, getPermissions, patchRolesId, postRoles } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { ListPage } from '../list/list-page.tsx'
import { useMe, useMay } from '../sign-in/me.ts'
import { allRoles, type Role } from './choices.ts'
import classes from './operators.module.css'
import { usePermissionName, useRoleName } from './operator-words.ts'
import { OperatorPlaces } from './places.tsx'
import { RoleDialog } from './role-dialog.tsx'

const touches = [['operators', 'roles'], ['me']]

export function RolesPage() {
  const { t } = useTranslation()
  const mayEdit = useMay('role.edit')
  const roles = useQuery(allRoles)
  const permissions = useQuery({
    queryKey: ['permissions'],
    queryFn: async () => (await getPermissions({ throwOnError: true })).data.items.map(({ name }) => name),
    staleTime: Infinity,
  })
  const [asked, setAsked] = useState<Role | 'new'>()
  useHotkeys([['n', () => mayEdit && setAsked('new')]])
  const error = roles.error ?? permissions.error
  return (
    <>
      <OperatorPlaces />
      <ListPage
        title={t('roles.title')}
        error={error}
        tools={
          mayEdit && (
            <Button
              leftSection={<IconPlus size={16} aria-hidden />}
              onClick={() => setAsked('new')}
              aria-keyshortcuts="n"
            >
              {t('roles.add')}
            </Button>
          )
        }
        filters={
          <Text size="sm" c="dimmed">
            {t('roles.hint')}
          </Text>
        }
      >
        {roles.data && permissions.data ? (
          <Matrix roles={roles.data} permissions={permissions.data} onRename={setAsked} />
        ) : (
          error === null && <Loader m="xl" size="sm" aria-label={t('list.loading')} />
        )}
      </ListPage>
      {asked && (
        <RoleDialog
          role={asked === 'new' ? undefined : asked}
          roles={roles.data ?? []}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  )
}

type MatrixProps = { roles: readonly Role[]; permissions: readonly string[]; onRename(role: Role): void }

function Matrix({ roles, permissions, onRename }: MatrixProps) {
  const { t } = useTranslation()
  const groups = Object.groupBy(permissions, (name) => name.split('.')[0]!)
  return (
    <div className={classes.matrixBox} role="region" aria-label={t('roles.table')} tabIndex={0}>
      <table className={classes.matrix}>
        <thead>
          <tr>
            <th scope="col" className={classes.corner}>
              {t('roles.permission')}
            </th>
            {roles.map((role) => (
              <th key={role.id} scope="col" className={classes.cell}>
                <RoleHead role={role} onRename={() => onRename(role)} />
              </th>
            ))}
          </tr>
        </thead>
        {Object.entries(groups).map(([group, names]) => (
          <tbody key={group}>
            <tr>
              <th scope="rowgroup" colSpan={roles.length + 1}>
                {t(`roles.groups.${group as GroupName}`)}
              </th>
            </tr>
            {names!.map((permission) => (
              <Row key={permission} permission={permission} roles={roles} />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  )
}
type GroupName = 'subscriber'

function RoleHead({ role, onRename }: { role: Role; onRename(): void }) {
  const { t } = useTranslation()
  const roleName = useRoleName()
  const mayEdit = useMay('role.edit')
  const name = roleName(role.name)
  const remove = useRemoveRole()
  return (
    <Stack gap={2} align="center">
      <Text size="sm" fw={600}>
        <bdi>{name}</bdi>
      </Text>
      <Text size="xs" c="dimmed">
        {t('roles.operators', { count: role.operators })}
      </Text>
      {role.built_in && (
        <Badge size="xs" variant="light" color="gray" tt="none">
          {t('roles.builtIn')}
        </Badge>
      )}
      {!role.built_in && mayEdit && (
        <Group gap={2}>
          <Tooltip label={t('roles.rename')}>
            <ActionIcon
              size="sm"
              variant="subtle"
              color="gray"
              aria-label={t('roles.renameOf', { name })}
              onClick={onRename}
            >
              <IconPencil size={15} aria-hidden />
            </ActionIcon>
          </Tooltip>
          <Tooltip label={role.operators > 0 ? t('roles.inUse') : t('roles.remove')}>
            <ActionIcon
              size="sm"
              variant="subtle"
              color="gray"
              aria-label={t('roles.removeOf', { name })}
              aria-disabled={role.operators > 0}
              data-disabled={role.operators > 0 || undefined}
              onClick={() => role.operators === 0 && remove.mutate(role)}
            >
              <IconTrash size={15} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </Group>
      )}
    </Stack>
  )
}

function Row({ permission, roles }: { permission: string; roles: readonly Role[] }) {
  const { t } = useTranslation()
  const roleName = useRoleName()
  const nameOf = usePermissionName()
  const { permissions: own } = useMe()
  // Nobody gives what they do not have.
  const mayEdit = useMay('role.edit') && own.includes(permission)
  const toggle = useToggle(permission)
  return (
    <tr>
      <th scope="row">{nameOf(permission)}</th>
      {roles.map((role) => {
        const has = role.permissions.includes(permission)
        const label = t('roles.may', { role: roleName(role.name), permission: nameOf(permission) })
        return (
          <td key={role.id} className={classes.cell}>
            {role.built_in || !mayEdit ? (
              <Known has={has} />
            ) : (
              <Checkbox
                size="xs"
                // What was asked for is shown until the answer is there.
                checked={toggle.isPending && toggle.variables.id === role.id ? !has : has}
                onChange={() => toggle.mutate(role)}
                disabled={toggle.isPending}
                aria-label={label}
                styles={{ body: { justifyContent: 'center' } }}
              />
            )}
          </td>
        )
      })}
    </tr>
  )
}

function Known({ has }: { has: boolean }) {
  const { t } = useTranslation()
  return (
    <>
      {has && <IconCheck size={16} aria-hidden />}
      <span className="visually-hidden">{t(has ? 'roles.yes' : 'roles.no')}</span>
    </>
  )
}

/** Gives the permission to a role, or takes it. */
function useToggle(permission: string) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const roleName = useRoleName()
  const nameOf = usePermissionName()
  const write = ({ id }: Role, permissions: readonly string[]) =>
    patchRolesId({ path: { id: String(id) }, body: { permissions: [...permissions] }, throwOnError: true })
  const hasIt = (role: Role) => role.permissions.includes(permission)
  return useAct({
    run: (role: Role) => {
      const others = role.permissions.filter((name) => name !== permission)
      return write(role, hasIt(role) ? others : [...others, permission])
    },
    touches,
    onDone: ({ data }) =>
      queries.setQueryData(allRoles.queryKey, (roles) => roles?.map((role) => (role.id === data.id ? data : role))),
    done: (_answer, role) =>
      t(hasIt(role) ? 'roles.taken' : 'roles.granted', {
        role: roleName(role.name),
        permission: nameOf(permission),
      }),
    undo: (_answer, role) => () => write(role, role.permissions),
  })
}

/** Nobody has it: at once, and made again by Undo. */
function useRemoveRole() {
  const { t } = useTranslation()
  return useAct({
    run: async ({ id }: Role) => {
      await deleteRolesId({ path: { id: String(id) }, throwOnError: true })
    },
    touches,
    done: (_nothing, { name }) => t('roles.removed', { name }),
    undo:
      (_nothing, { name, permissions }) =>
      () =>
        postRoles({ body: { name, permissions }, throwOnError: true }),
  })
}
