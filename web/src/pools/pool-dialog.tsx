// An address pool, added or changed.
import {
  Button,
  Checkbox,
  Group,
  Modal,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { patchIpPoolsId, postIpPools } from '../api/generated/sdk.gen.ts'
import type { IpPool } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import classes from '../nases/nases.module.css'
import { allNasGroups } from '../nases/use-nases.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { usePhone } from '../list/use-phone.ts'
import { linesOf, rangesError } from './ranges.ts'

const kinds = ['ipv4', 'ipv6-prefix', 'delegated-ipv6-prefix'] as const

type Values = Pick<IpPool, 'name' | 'kind' | 'on_exhausted' | 'sticky' | 'learns'> & {
  prefix_length: number | ''
  nas_group: string
  address_space: string
  ranges: string
  excluded: string
}

function valuesOf(pool: IpPool | undefined): Values {
  return {
    name: pool?.name ?? '',
    kind: pool?.kind ?? 'ipv4',
    prefix_length: pool?.prefix_length ?? '',
    nas_group: pool?.nas_group ?? '',
    address_space: pool?.address_space ?? '',
    ranges: pool?.ranges.join('\n') ?? '',
    excluded: pool?.excluded.join('\n') ?? '',
    on_exhausted: pool?.on_exhausted ?? 'reject',
    sticky: pool?.sticky ?? true,
    learns: pool?.learns ?? false,
  }
}

function changeOf(values: Values) {
  const { on_exhausted, sticky, learns } = values
  return {
    name: values.name.trim(),
    ranges: linesOf(values.ranges),
    excluded: linesOf(values.excluded),
    on_exhausted,
    sticky,
    learns,
  }
}

export function PoolDialog({ pool, onClose }: { pool?: IpPool; onClose(): void }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const isPhone = usePhone()
  const { data: groups = [] } = useQuery(allNasGroups)
  const initial = valuesOf(pool)
  const save = useAct({
    run: async (values: Values) => {
      const change = changeOf(values)
      if (pool) return (await patchIpPoolsId({ path: { id: String(pool.id) }, body: change, throwOnError: true })).data
      const { kind, prefix_length: length, nas_group: group, address_space: space } = values
      const body = {
        ...change,
        kind,
        ...(length !== '' && kind !== 'ipv4' && { prefix_length: length }),
        ...(group !== '' && { nas_group: group }),
        ...(space !== '' && { address_space: space }),
      }
      return (await postIpPools({ body, throwOnError: true })).data
    },
    touches: [['pools']],
    isForm: true,
    done: ({ name }) => t(pool ? 'nases.changed' : 'nases.added', { name }),
    undo: () =>
      pool && (() => patchIpPoolsId({ path: { id: String(pool.id) }, body: changeOf(initial), throwOnError: true })),
    onDone: ({ id }) => {
      onClose()
      if (!pool) void navigate({ to: '/pools/$id', params: { id: String(id) } })
    },
  })
  const { field, values, set, errorOf } = useFields(initial, save.error)
  const wrongRange = rangesError(values.ranges, values.kind)
  const wrongExcluded = rangesError(values.excluded, values.kind)
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(values)
  }
  const spaces = [...new Set(groups.map((group) => group.address_space))]
  return (
    <Modal opened onClose={onClose} size="lg" title={pool ? t('nases.change', { name: pool.name }) : t('pools.add')}>
      <form onSubmit={send}>
        <Stack gap="md">
          {!pool && (
            <SegmentedControl
              aria-label={t('pools.kind')}
              orientation={isPhone ? 'vertical' : 'horizontal'}
              value={values.kind}
              onChange={(kind) => set({ kind })}
              data={kinds.map((value) => ({ value, label: t(`pools.kinds.${value}`) }))}
            />
          )}
          <div className={classes.fields}>
            <TextInput
              label={t('pools.name')}
              description={t('pools.nameHint')}
              required
              data-autofocus
              {...field('name')}
            />
            {!pool && values.kind !== 'ipv4' && (
              <NumberInput
                label={t('pools.prefixLength')}
                description={t('pools.prefixLengthHint')}
                min={1}
                max={128}
                allowDecimal={false}
                value={values.prefix_length}
                error={errorOf('prefix_length')}
                onChange={(next) => set({ prefix_length: next === '' ? '' : Number(next) })}
              />
            )}
            {!pool && (
              <>
                <Select
                  label={t('pools.group')}
                  description={t('pools.groupHint')}
                  clearable
                  data={groups.map(({ name }) => name)}
                  value={values.nas_group === '' ? null : values.nas_group}
                  error={errorOf('nas_group')}
                  onChange={(next) => set({ nas_group: next ?? '' })}
                />
                <Select
                  label={t('nasGroups.space')}
                  clearable
                  data={spaces}
                  value={values.address_space === '' ? null : values.address_space}
                  error={errorOf('address_space')}
                  onChange={(next) => set({ address_space: next ?? '' })}
                />
              </>
            )}
          </div>
          <Textarea
            label={t('pools.ranges')}
            description={t(`pools.rangesHint.${values.kind}`)}
            required
            autosize
            minRows={2}
            maxRows={10}
            dir="ltr"
            {...field('ranges')}
            error={wrongRange === undefined ? field('ranges').error : t('pools.wrongRange', { range: wrongRange })}
          />
          <Textarea
            label={t('pools.excluded')}
            description={t('pools.excludedHint')}
            autosize
            minRows={1}
            maxRows={10}
            dir="ltr"
            {...field('excluded')}
            error={
              wrongExcluded === undefined ? field('excluded').error : t('pools.wrongRange', { range: wrongExcluded })
            }
          />
          <div role="group" aria-label={t('pools.exhausted')}>
            <Text size="sm" fw={500} mb={4}>
              {t('pools.exhausted')}
            </Text>
            <SegmentedControl
              aria-label={t('pools.exhausted')}
              orientation={isPhone ? 'vertical' : 'horizontal'}
              value={values.on_exhausted}
              onChange={(next) => set({ on_exhausted: next })}
              data={(['reject', 'nas-pool'] as const).map((value) => ({
                value,
                label: t(`pools.exhaustions.${value}`),
              }))}
            />
          </div>
          <Checkbox
            label={t('pools.sticky')}
            checked={values.sticky}
            onChange={(event) => set({ sticky: event.currentTarget.checked })}
          />
          <Checkbox
            label={t('pools.learns')}
            description={t('pools.learnsHint')}
            checked={values.learns}
            onChange={(event) => set({ learns: event.currentTarget.checked })}
          />
          <ProblemNote error={save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button
              type="submit"
              loading={save.isPending}
              disabled={
                values.name.trim() === '' ||
                linesOf(values.ranges).length === 0 ||
                wrongRange !== undefined ||
                wrongExcluded !== undefined
              }
            >
              {t(pool ? 'act.save' : 'pools.add')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
