// Why can't this one connect: what a login would be answered now, in a plain sentence with the buttons that mend it; what the last
// ones were answered; and a login to try out.
import { Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { getSubscribersIdWhy, postSubscribersIdWhyNow } from '../api/generated/sdk.gen.ts'
import { formatRelative } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { AgainButton } from '../list/again-button.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { withInstants } from './flow.ts'
import { Section } from './section.tsx'
import type { PartProps } from './subscriber-parts.tsx'
import classes from './subscriber.module.css'
import { TryLogin } from './try-login.tsx'
import { Verdict } from './verdict.tsx'
import { sentenceOf } from './why-words.ts'

export function Why({ subscriber, choose }: PartProps) {
  const { t } = useTranslation()
  const mayNas = useMay('nas.read')
  return (
    <Stack gap="lg">
      {mayNas && (
        <Section title={t('why.now')}>
          <Now subscriber={subscriber} choose={choose} />
        </Section>
      )}
      <Section title={t('why.last')}>
        <LastDecisions subscriber={subscriber} choose={choose} hasNow={mayNas} />
      </Section>
    </Stack>
  )
}

/** Asked by itself, of the NAS where the subscriber was seen last. */
function Now({ subscriber, choose }: PartProps) {
  const { t } = useTranslation()
  const { id, last_seen: seen } = subscriber
  const [isTrying, setTrying] = useState(false)
  const nases = useQuery(choicesOf.nas)
  const nas = nases.data?.find(({ name }) => name === seen.nas) ?? nases.data?.[0]
  const asked = useQuery({
    queryKey: ['subscriber', id, 'why-now', nas?.id],
    queryFn: async ({ signal }) => {
      const body = { nas_id: nas!.id }
      return (await postSubscribersIdWhyNow({ path: { id: String(id) }, body, signal, throwOnError: true })).data
    },
    enabled: nas !== undefined,
  })
  if (nases.data?.length === 0) return <Text size="sm">{t('why.noNas')}</Text>
  return (
    <Stack gap="xs">
      <ProblemNote error={nases.error ?? asked.error} />
      {asked.isPending && asked.error === null && nases.error === null && <Skeleton height={96} />}
      {asked.data && <Verdict answer={asked.data} subscriber={subscriber} choose={choose} />}
      {subscriber.online && asked.data?.decision === 'reject' && (
        <Text size="sm" c="dimmed">
          {t('why.stillOnline')}
        </Text>
      )}
      {!isTrying && (
        <Button variant="default" size="compact-sm" style={{ alignSelf: 'start' }} onClick={() => setTrying(true)}>
          {t('why.try')}
        </Button>
      )}
      {isTrying && <TryLogin subscriber={subscriber} choose={choose} nasId={nas?.id} />}
    </Stack>
  )
}

function LastDecisions({ subscriber, choose, hasNow }: PartProps & { hasNow: boolean }) {
  const { t } = useTranslation()
  const { id } = subscriber
  const { data, error, refetch } = useQuery({
    queryKey: ['subscriber', id, 'why'],
    queryFn: async ({ signal }) =>
      (await getSubscribersIdWhy({ path: { id: String(id) }, query: { limit: '20' }, signal, throwOnError: true }))
        .data,
  })
  if (error !== null) {
    return (
      <>
        <ProblemNote error={error} />
        <AgainButton onAgain={() => void refetch()} />
      </>
    )
  }
  if (data === undefined) return <Skeleton height={120} />
  if (data.decisions.length === 0) return <Text size="sm">{t('why.none')}</Text>
  const [newest] = data.decisions
  return (
    <>
      {!hasNow && newest !== undefined && !newest.accepted && (
        <Verdict answer={{ ...newest, decision: 'reject', garden: null }} subscriber={subscriber} choose={choose} />
      )}
      <ul className={classes.rows}>
        {data.decisions.map((one) => (
          <Decision key={`${one.first_at} ${one.reason} ${one.nas}`} one={one} />
        ))}
      </ul>
    </>
  )
}

type DecisionShown = NonNullable<Awaited<ReturnType<typeof getSubscribersIdWhy>>['data']>['decisions'][number]

function Decision({ one }: { one: DecisionShown }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { at, accepted, count, nas, line, interface: place, method, detail } = one
  const told = detail === null ? null : withInstants(detail, instant)
  const parts = [nas, place, line, method, told].filter((part) => part !== null && part !== '')
  return (
    <li className={classes.row}>
      <Group gap="xs" wrap="nowrap" align="start" justify="space-between">
        <Text size="sm" fw={600} c={accepted ? undefined : 'var(--mantine-color-red-light-color)'}>
          {sentenceOf(one, t)}
        </Text>
        {count > 1 && (
          <Text span size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
            {t('why.times', { count })}
          </Text>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        <time dateTime={at}>
          {instant(at)} ({formatRelative(at, Date.now())})
        </time>
        {parts.length > 0 && ' · '}
        <bdi>{parts.join(' · ')}</bdi>
      </Text>
    </li>
  )
}
