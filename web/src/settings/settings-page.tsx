// The policy of the house: every setting that the API has, by groups, found by name.
import { Group, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { getSettings } from '../api/generated/sdk.gen.ts'
import { Card } from '../profile/card.tsx'
import { settingsRoute } from '../routes/house.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { groups, isKnown, type Setting } from './setting.ts'
import { SettingRow } from './setting-row.tsx'
import classes from './settings.module.css'

type Named = { setting: Setting; label: string; hint: string }

export function SettingsPage() {
  const { t } = useTranslation()
  const { q = '' } = settingsRoute.useSearch()
  const navigate = settingsRoute.useNavigate()
  const settings = useQuery({
    queryKey: ['settings'],
    queryFn: async ({ signal }) => (await getSettings({ signal, throwOnError: true })).data.items,
  })
  const found = useFound(settings.data ?? [], q)
  return (
    <div className={classes.page}>
      <Stack gap="lg" maw={860}>
        <Group justify="space-between" gap="xs">
          <Title order={1} size="h4">
            {t('nav.settings')}
          </Title>
          <TextInput
            type="search"
            w={280}
            maw="100%"
            leftSection={<IconSearch size={16} aria-hidden />}
            placeholder={t('settings.search')}
            aria-label={t('settings.search')}
            value={q}
            onChange={(event) => {
              const text = event.currentTarget.value
              void navigate({ search: text === '' ? {} : { q: text }, replace: true })
            }}
          />
        </Group>
        <ProblemNote error={settings.error} />
        {settings.isPending && <Skeleton h={400} />}
        {settings.data && found.length === 0 && (
          <Text size="sm" c="dimmed" role="status">
            {t('settings.none')}
          </Text>
        )}
        {found.map(({ title, rows }) => (
          <Card key={title} title={title}>
            <div>
              {rows.map((row) => (
                <SettingRow key={row.setting.name} {...row} />
              ))}
            </div>
          </Card>
        ))}
      </Stack>
    </div>
  )
}

/** By groups, those that a newer service has and this panel does not know last. */
function useFound(all: readonly Setting[], q: string): { title: string; rows: Named[] }[] {
  const { t } = useTranslation()
  const words = q.toLocaleLowerCase().split(/\s+/)
  const rowsOf = (settings: readonly Setting[]): Named[] =>
    settings
      .map((setting) => {
        const { name } = setting
        const label = isKnown(name) ? t(`settings.names.${name}`) : name
        const hint = t(`settings.hints.${name as 'zone'}`, { defaultValue: '' })
        return { setting, label, hint }
      })
      .filter(({ setting, label, hint }) => {
        const text = `${setting.name} ${label} ${hint}`.toLocaleLowerCase()
        return words.every((word) => text.includes(word))
      })
  const placed = new Set<string>(Object.values(groups).flat())
  const named = Object.entries(groups).map(([group, names]) => ({
    title: t(`settings.groups.${group as keyof typeof groups}`),
    rows: rowsOf(names.flatMap((name) => all.filter((setting) => setting.name === name))),
  }))
  const others = { title: t('settings.other'), rows: rowsOf(all.filter(({ name }) => !placed.has(name))) }
  return [...named, others].filter(({ rows }) => rows.length > 0)
}
