// Other pools on the NASes of a group.
import { ActionIcon, Button, Select, Title, Tooltip } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { RowText } from './inputs.tsx'
import classes from './plan.module.css'
import { usePlan } from './use-plan-form.ts'
import type { GroupPools } from './values.ts'

export function GroupPoolList({ groups }: { groups: readonly { value: string; label: string }[] }) {
  const { t } = useTranslation()
  const { values, set, isReadOnly, errorOf } = usePlan()
  const entries = values.group_pools
  const put = (index: number, change: Partial<GroupPools>) =>
    set({ group_pools: entries.map((entry, at) => (at === index ? { ...entry, ...change } : entry)) })
  return (
    <>
      <Title order={3} size="xs" fw={600} mt="md">
        {t('plan.groupPools')}
      </Title>
      {entries.map((entry, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- an entry without a group yet has no other name
        <div
          key={index}
          className={classes.rowFields}
          role="group"
          aria-label={t('plan.groupPool', { number: index + 1 })}
        >
          <Select
            size="xs"
            w={150}
            aria-label={t('plan.nasGroup')}
            placeholder={t('plan.nasGroup')}
            searchable
            readOnly={isReadOnly}
            error={errorOf(`group_pools.${index + 1}.nas_group_id`)}
            data={[...groups]}
            value={entry.nas_group_id === '' ? null : entry.nas_group_id}
            onChange={(id) => put(index, { nas_group_id: id ?? '' })}
          />
          {(['pool', 'ipv6_pool', 'delegated_ipv6_pool'] as const).map((name) => (
            <RowText
              key={name}
              label={t(`plan.fields.${name}`)}
              path={`group_pools.${index + 1}.${name}`}
              width={130}
              value={entry[name]}
              onChange={(text) => put(index, { [name]: text })}
            />
          ))}
          {!isReadOnly && (
            <Tooltip label={t('act.remove')}>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t('plan.removeGroupPool', { number: index + 1 })}
                onClick={() => set({ group_pools: entries.filter((_, at) => at !== index) })}
              >
                <IconTrash size={16} aria-hidden />
              </ActionIcon>
            </Tooltip>
          )}
        </div>
      ))}
      {!isReadOnly && (
        <Button
          mt="xs"
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() =>
            set({ group_pools: [...entries, { nas_group_id: '', pool: '', ipv6_pool: '', delegated_ipv6_pool: '' }] })
          }
        >
          {t('plan.addGroupPool')}
        </Button>
      )}
    </>
  )
}
