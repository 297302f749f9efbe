// Who one is. Whoever may change operators changes oneself here; everybody chooses the language of this browser.
import { Button, Group, Select, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { getOperatorsId, patchOperatorsId } from '../api/generated/sdk.gen.ts'
import type { GetOperatorsIdResponse } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { languages, setLanguage, type Language } from '../i18n/i18n.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay, useMe } from '../sign-in/me.ts'
import { Card } from './card.tsx'

const languageChoices = Object.entries(languages).map(([value, { name }]) => ({ value, label: name }))

export function PersonCard() {
  const { t, i18n } = useTranslation()
  const me = useMe()
  const mayEdit = useMay('operator.edit') && me.viewed_by === null
  const self = useQuery({
    queryKey: ['operators', 'self', me.operator_id],
    queryFn: async ({ signal }) =>
      (await getOperatorsId({ path: { id: String(me.operator_id) }, signal, throwOnError: true })).data,
    enabled: mayEdit,
  })
  return (
    <Card title={t('profile.person')} hint={t('profile.personHint', { role: me.role })}>
      {mayEdit && self.data ? (
        <PersonForm key={self.data.id} self={self.data} />
      ) : (
        <Group grow align="start">
          <TextInput label={t('profile.name')} value={me.name} readOnly />
          <TextInput label={t('signIn.email')} value={me.email} readOnly />
        </Group>
      )}
      <Select
        label={t('profile.language')}
        description={t('profile.languageHint')}
        maw={320}
        data={languageChoices}
        value={i18n.language}
        allowDeselect={false}
        onChange={(language) => language !== null && void setLanguage(language as Language)}
      />
    </Card>
  )
}

function PersonForm({ self }: { self: GetOperatorsIdResponse }) {
  const { t } = useTranslation()
  const save = useAct({
    run: async (body: { name: string; email: string; language: string | null }) => {
      await patchOperatorsId({ path: { id: String(self.id) }, body, throwOnError: true })
    },
    done: () => t('profile.saved'),
    touches: [['operators'], ['me']],
    isForm: true,
  })
  const { values, field, set, errorOf } = useFields(
    { name: self.name, email: self.email, language: self.language },
    save.error,
  )
  const isAsWas = values.name === self.name && values.email === self.email && values.language === self.language
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate(values)
      }}
    >
      <Stack gap="sm">
        <Group grow align="start" preventGrowOverflow={false} wrap="wrap">
          <TextInput label={t('profile.name')} autoComplete="name" required miw={220} {...field('name')} />
          <TextInput
            label={t('signIn.email')}
            type="email"
            autoComplete="email"
            required
            miw={220}
            {...field('email')}
          />
        </Group>
        <Select
          label={t('profile.mailLanguage')}
          placeholder={t('profile.mailLanguageUnset')}
          maw={320}
          clearable
          clearButtonProps={{ 'aria-label': t('list.clear') }}
          data={languageChoices}
          value={values.language}
          error={errorOf('language')}
          onChange={(language) => set({ language })}
        />
        <ProblemNote error={save.error} />
        <Group>
          <Button type="submit" loading={save.isPending} disabled={isAsWas}>
            {t('act.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
