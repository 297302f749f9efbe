// How many an action would reach, and the first of them by name.
import { Alert, List, Skeleton, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { BulkPreview } from '../api/generated/types.gen.ts'

const namesShown = 6

type Props = { preview: BulkPreview | undefined; isStale: boolean; error: Error | null }

export function WhoIsTouched({ preview, isStale, error }: Props) {
  const { t } = useTranslation()
  if (error !== null) return null
  if (preview === undefined) return <Skeleton height={72} />
  const { count, first, missing } = preview
  const named = first.slice(0, namesShown)
  return (
    <div style={{ opacity: isStale ? 0.5 : 1 }} aria-busy={isStale}>
      <Text fw={600} role="status">
        {t('actions.touches', { count })}
      </Text>
      <List size="sm" mt={4}>
        {named.map(({ id, username, name }) => (
          <List.Item key={id}>
            <bdi>{username}</bdi>
            {name !== null && (
              <>
                {' · '}
                <bdi>{name}</bdi>
              </>
            )}
          </List.Item>
        ))}
        {count > named.length && <List.Item>{t('actions.andMore', { count: count - named.length })}</List.Item>}
      </List>
      {missing > 0 && (
        <Alert mt="xs" color="yellow" icon={<IconAlertTriangle size={16} aria-hidden />}>
          {t('actions.missing', { count: missing })}
        </Alert>
      )}
    </div>
  )
}
