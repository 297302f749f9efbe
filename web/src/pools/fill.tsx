// How full a pool is: by colour, and in words for who does not see it.
import { Group, Progress, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { IpPool } from '../api/generated/types.gen.ts'
import { formatShare } from '../i18n/format.ts'

const parts = [
  { name: 'used', colour: 'gate' },
  { name: 'held', colour: 'yellow' },
  { name: 'static', colour: 'gray' },
] as const

/** From here on somebody should add addresses. */
const nearlyFull = 0.9

export function shareOf({ total, free }: IpPool): number {
  return total === 0 ? 1 : (total - free) / total
}

export function Fill({ pool }: { pool: IpPool }) {
  const { t } = useTranslation()
  const share = shareOf(pool)
  const isNearlyFull = share >= nearlyFull
  return (
    <Group gap="xs" wrap="nowrap">
      <Progress.Root size="md" miw={90} style={{ flex: 1 }}>
        {parts.map(({ name, colour }) => (
          <Progress.Section
            key={name}
            value={pool.total === 0 ? 0 : (pool[name] / pool.total) * 100}
            color={isNearlyFull && name === 'used' ? 'red' : colour}
            aria-label={t(`pools.counts.${name}`, { count: pool[name] })}
          />
        ))}
      </Progress.Root>
      <Text size="sm" c={isNearlyFull ? 'red' : undefined} fw={isNearlyFull ? 600 : undefined} w={52} ta="end">
        {formatShare(share)}
      </Text>
    </Group>
  )
}
