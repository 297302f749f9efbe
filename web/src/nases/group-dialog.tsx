// A NAS group, added or changed.
import { ActionIcon, Button, Checkbox, Group, Modal, NumberInput, Stack, Text, TextInput } from '@mantine/core'
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { patchNasGroupsName, postNasGroups } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import classes from './nases.module.css'
import { nasKeys, type NasGroup } from './use-nases.ts'

const kinds = ['mac', 'circuit-id', 'remote-id', 'duid', 'interface'] as const

function valuesOf(group: NasGroup | undefined) {
  const garden = group?.unknown_garden ?? null
  return {
    name: group?.name ?? '',
    address_space: group?.address_space ?? '',
    order: [...(group?.identity_order ?? kinds)],
    lets: garden !== null,
    address_list: garden?.address_list ?? '',
    pool: garden?.pool ?? '',
    down: garden === null ? '1M' : String(garden.down_bps),
    up: garden === null ? '1M' : String(garden.up_bps),
    timeout: garden?.session_timeout_s ?? ('' as number | ''),
  }
}
type Values = ReturnType<typeof valuesOf>

function bodyOf(values: Values) {
  const { lets, timeout, address_space: space } = values
  const textOr = (text: string) => (text.trim() === '' ? null : text.trim())
  const garden = {
    address_list: textOr(values.address_list),
    pool: textOr(values.pool),
    down_bps: textOr(values.down),
    up_bps: textOr(values.up),
    session_timeout_s: timeout === '' ? null : timeout,
  }
  return {
    ...(space.trim() !== '' && { address_space: space.trim() }),
    identity_order: values.order,
    unknown_garden: lets ? garden : null,
  }
}

export function GroupDialog({ group, onClose }: { group?: NasGroup; onClose(): void }) {
  const { t } = useTranslation()
  const initial = valuesOf(group)
  const save = useAct({
    run: async (values: Values) => {
      const body = bodyOf(values)
      if (group) return patchNasGroupsName({ path: { name: group.name }, body, throwOnError: true })
      return postNasGroups({ body: { name: values.name.trim(), ...body }, throwOnError: true })
    },
    touches: [...nasKeys],
    isForm: true,
    done: (_, { name }) => t(group ? 'nases.changed' : 'nases.added', { name }),
    undo: () =>
      group && (() => patchNasGroupsName({ path: { name: group.name }, body: bodyOf(initial), throwOnError: true })),
    onDone: onClose,
  })
  const { field, values, set } = useFields(initial, save.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(values)
  }
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={group ? t('nases.change', { name: group.name }) : t('nasGroups.add')}
    >
      <form onSubmit={send}>
        <Stack gap="md">
          <div className={classes.fields}>
            {!group && <TextInput label={t('nases.name')} required data-autofocus {...field('name')} />}
            <TextInput
              label={t('nasGroups.space')}
              description={t('nasGroups.spaceHint')}
              placeholder="default"
              {...field('address_space')}
            />
          </div>
          <Order order={values.order} onChange={(order) => set({ order })} />
          <Checkbox
            label={t('nasGroups.lets')}
            description={t('nasGroups.letsHint')}
            checked={values.lets}
            onChange={(event) => set({ lets: event.currentTarget.checked })}
          />
          {values.lets && (
            <div className={classes.fields}>
              <TextInput label={t('nasGroups.list')} {...field('address_list')} />
              <TextInput label={t('nasGroups.pool')} {...field('pool')} />
              <TextInput label={t('nasGroups.down')} description={t('nasGroups.rateHint')} {...field('down')} />
              <TextInput label={t('nasGroups.up')} description={t('nasGroups.rateHint')} {...field('up')} />
              <NumberInput
                label={t('nasGroups.timeout')}
                suffix=" s"
                min={0}
                allowDecimal={false}
                value={values.timeout}
                error={gardenError(save.error)}
                onChange={(next) => set({ timeout: next === '' ? '' : Number(next) })}
              />
            </div>
          )}
          <ProblemNote error={save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={values.name.trim() === ''}>
              {t(group ? 'act.save' : 'nasGroups.add')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function gardenError(error: Error | null): string | undefined {
  return error instanceof ApiError ? error.fields['unknown_garden.session_timeout_s'] : undefined
}

/** By what a line without a password is told, the first that is known counts. */
function Order({ order, onChange }: { order: readonly string[]; onChange(order: string[]): void }) {
  const { t } = useTranslation()
  const rows = [...order, ...kinds.filter((kind) => !order.includes(kind))]
  const move = (kind: string, by: -1 | 1) => {
    const names = order.filter((other) => other !== kind)
    names.splice(Math.max(0, order.indexOf(kind) + by), 0, kind)
    onChange(names)
  }
  return (
    <div role="group" aria-label={t('nasGroups.order')}>
      <Text size="sm" fw={500}>
        {t('nasGroups.order')}
      </Text>
      <Text size="xs" c="dimmed" mb={6}>
        {t('nasGroups.orderHint')}
      </Text>
      <Stack gap={4} maw={360}>
        {rows.map((kind) => {
          const at = order.indexOf(kind)
          const title = t(`unmatched.facts.${kind as 'mac'}`, { defaultValue: kind })
          return (
            <Group key={kind} justify="space-between" wrap="nowrap">
              <Checkbox
                size="xs"
                label={title}
                checked={at >= 0}
                disabled={at >= 0 && order.length === 1}
                onChange={() => onChange(at >= 0 ? order.filter((other) => other !== kind) : [...order, kind])}
              />
              {at >= 0 && (
                <Group gap={2}>
                  <ActionIcon
                    size="sm"
                    variant="subtle"
                    color="gray"
                    aria-label={t('list.moveUp', { name: title })}
                    disabled={at === 0}
                    onClick={() => move(kind, -1)}
                  >
                    <IconArrowUp size={14} aria-hidden />
                  </ActionIcon>
                  <ActionIcon
                    size="sm"
                    variant="subtle"
                    color="gray"
                    aria-label={t('list.moveDown', { name: title })}
                    disabled={at === order.length - 1}
                    onClick={() => move(kind, 1)}
                  >
                    <IconArrowDown size={14} aria-hidden />
                  </ActionIcon>
                </Group>
              )}
            </Group>
          )
        })}
      </Stack>
    </div>
  )
}
