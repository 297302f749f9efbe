// One's own keys for programs: what each may, until when, when it was used last.
import { Badge, Button, Text } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteMeApiTokensId, getMeApiTokens } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { Card } from './card.tsx'
import { NewToken } from './new-token.tsx'
import classes from './profile.module.css'

const mostShown = '100'
const colours = { valid: 'green', expired: 'gray', revoked: 'gray' } as const

export function ApiTokens() {
  const { t } = useTranslation()
  const instant = useInstant()
  const [isAdding, setIsAdding] = useState(false)
  const tokens = useQuery({
    queryKey: ['api-tokens', 'own'],
    queryFn: async ({ signal }) =>
      (await getMeApiTokens({ query: { limit: mostShown }, signal, throwOnError: true })).data.items,
  })
  const revoke = useAct({
    run: async (id: number) => {
      await deleteMeApiTokensId({ path: { id: String(id) }, throwOnError: true })
    },
    done: () => t('profile.tokenRevoked'),
    touches: [['api-tokens']],
  })
  return (
    <Card
      title={t('profile.tokens')}
      hint={t('profile.tokensHint')}
      tools={
        <Button variant="default" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setIsAdding(true)}>
          {t('profile.addToken')}
        </Button>
      }
    >
      <ProblemNote error={tokens.error} />
      {tokens.data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('profile.noTokens')}
        </Text>
      )}
      <ul className={classes.rows}>
        {tokens.data?.map((token) => (
          <li key={token.id} className={classes.row}>
            <div className={classes.text}>
              <Text size="sm" fw={500}>
                <bdi>{token.name}</bdi>{' '}
                <Badge variant="light" tt="none" size="sm" color={colours[token.state]}>
                  {t(`profile.tokenState.${token.state}`)}
                </Badge>
              </Text>
              <Text size="xs" c="dimmed">
                <bdi>{token.prefix}…</bdi> · {t('profile.until', { at: instant(token.expires_at) })} ·{' '}
                {token.last_used_at === null
                  ? t('profile.neverUsed')
                  : t('profile.lastSeen', { at: instant(token.last_used_at) })}
              </Text>
              <Text size="xs" c="dimmed">
                <bdi>{token.permissions.join(', ')}</bdi>
              </Text>
            </div>
            {token.state === 'valid' && (
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => revoke.mutate(token.id)}
                aria-label={t('profile.revokeOf', { name: token.name })}
              >
                {t('profile.revoke')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {isAdding && <NewToken onClose={() => setIsAdding(false)} />}
    </Card>
  )
}
