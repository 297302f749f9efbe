// The address pools that a NAS is given addresses of: those of its group, and those of every group of its address space.
import { Anchor, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { allPools } from '../pools/use-pools.ts'
import { Fill } from '../pools/fill.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import classes from './nases.module.css'
import { allNasGroups, type NasDevice } from './use-nases.ts'

export function PoolsTab({ nas }: { nas: NasDevice }) {
  const { t } = useTranslation()
  const { data: pools = [], error } = useQuery(allPools)
  const { data: groups } = useQuery(allNasGroups)
  const space = groups?.find(({ name }) => name === nas.group)?.address_space
  const own = pools.filter((pool) => pool.address_space === space && (pool.nas_group ?? nas.group) === nas.group)
  return (
    <Stack gap="sm" className={classes.narrow}>
      <ProblemNote error={error} />
      {own.length === 0 ? (
        <Text size="sm">{t('nases.noPools')}</Text>
      ) : (
        <Table.ScrollContainer minWidth={420} tabIndex={0} role="region" aria-label={t('nases.tabs.pools')}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('pools.name')}</Table.Th>
                <Table.Th>{t('pools.kind')}</Table.Th>
                <Table.Th>{t('pools.fill')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {own.map((pool) => (
                <Table.Tr key={pool.id}>
                  <Table.Td>
                    <Anchor
                      size="sm"
                      renderRoot={(props) => <Link {...props} to="/pools/$id" params={{ id: String(pool.id) }} />}
                    >
                      <bdi>{pool.name}</bdi>
                    </Anchor>
                  </Table.Td>
                  <Table.Td>{t(`pools.kinds.${pool.kind}`)}</Table.Td>
                  <Table.Td>
                    <Fill pool={pool} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  )
}
