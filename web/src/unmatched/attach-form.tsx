// Makes the line of a request that of a subscriber, who is found by any of what is known of it.
import { Button, Checkbox, Group, Select, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { getSubscribers, postUnmatchedIdAttach } from '../api/generated/sdk.gen.ts'
import type { UnmatchedRequest } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { carriedFacts, type Fact } from './facts.ts'

type Props = { request: UnmatchedRequest; onDone(): void; onCancel(): void }

export function AttachForm({ request, onDone, onCancel }: Props) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState(request.known ? request.username : '')
  const [chosen, setChosen] = useState<string | null>(null)
  const [facts, setFacts] = useState<Fact[]>([])
  const found = useFound(typed)
  const attach = useAct({
    run: async () => {
      const body = { subscriber_id: Number(chosen), ...(facts.length > 0 && { facts }) }
      return (await postUnmatchedIdAttach({ path: { id: String(request.id) }, body, throwOnError: true })).data
    },
    touches: [['unmatched'], ['subscribers'], ['subscriber']],
    done: (done) =>
      t('unmatched.attached', { name: done.username, facts: done.facts.map(({ value }) => value).join(', ') }),
    isForm: true,
    onDone,
  })
  const send = (event: FormEvent) => {
    event.preventDefault()
    attach.mutate(undefined)
  }
  return (
    <form onSubmit={send} aria-label={t('unmatched.attach')}>
      <Stack gap="sm">
        <Select
          label={t('unmatched.subscriber')}
          placeholder={t('subscribers.searchHint')}
          searchable
          required
          data-autofocus
          nothingFoundMessage={typed.trim() === '' ? t('unmatched.type') : t('unmatched.nobody')}
          filter={({ options }) => options}
          data={found}
          searchValue={typed}
          onSearchChange={setTyped}
          value={chosen}
          onChange={setChosen}
        />
        <Checkbox.Group
          label={t('unmatched.which')}
          description={t('unmatched.whichHint')}
          value={facts}
          onChange={(next) => setFacts(next)}
        >
          <Stack gap={8} mt={6}>
            {carriedFacts(request).map(({ fact, value }) => (
              <Checkbox
                key={fact}
                value={fact}
                size="xs"
                label={
                  <Text size="sm" component="span">
                    {t(`unmatched.facts.${fact}`)}: <bdi>{value}</bdi>
                  </Text>
                }
              />
            ))}
          </Stack>
        </Checkbox.Group>
        <Text size="sm">{t('unmatched.attachHint')}</Text>
        <ProblemNote error={attach.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            {t('act.cancel')}
          </Button>
          <Button type="submit" loading={attach.isPending} disabled={chosen === null}>
            {t('unmatched.attach')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function useFound(typed: string): { value: string; label: string }[] {
  const [search] = useDebouncedValue(typed.trim(), 150)
  const { data } = useQuery({
    queryKey: ['subscribers', 'found', search],
    queryFn: async ({ signal }) => {
      const query = { search, columns: 'username,full_name,address', limit: '20' }
      return (await getSubscribers({ query, signal, throwOnError: true })).data.items
    },
    enabled: search !== '',
    placeholderData: keepPreviousData,
  })
  return (data ?? []).map((one) => ({
    value: String(one.id),
    label: [one.username, one.full_name, one.address].filter(Boolean).join(' · '),
  }))
}
