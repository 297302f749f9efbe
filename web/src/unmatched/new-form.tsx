// Makes a new subscriber of a request: its name and its line are known already.
import { Alert, Button, Checkbox, Group, SegmentedControl, Select, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { deleteUnmatchedId, postSubscribers } from '../api/generated/sdk.gen.ts'
import type { PostSubscribersData, PostSubscribersResponse, UnmatchedRequest } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { Copied } from '../shell/copied.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { carriedFacts, looksLikeIpoe, type Fact } from './facts.ts'

type Body = PostSubscribersData['body']
type Values = {
  username: string
  full_name: string
  phone: string
  plan: string
  password: string
  account_type: 'pppoe' | 'ipoe'
  facts: Fact[]
}
type Props = { request: UnmatchedRequest; onDone(): void; onCancel(): void }

export function NewForm({ request, onDone, onCancel }: Props) {
  const { t } = useTranslation()
  const { data: plans } = useQuery(choicesOf.plan)
  const [made, setMade] = useState<PostSubscribersResponse>()
  const isIpoe = looksLikeIpoe(request)
  const facts = carriedFacts(request).filter(({ fact }) => fact !== 'nas-group')
  const add = useAct({
    run: async (values: Values) => {
      const { data } = await postSubscribers({ body: bodyOf(request, values), throwOnError: true })
      // It is known now; were this not done, it would go by itself in a week.
      await deleteUnmatchedId({ path: { id: String(request.id) } }).catch(() => undefined)
      return data
    },
    touches: [['subscribers']],
    isForm: true,
    onDone: setMade,
  })
  const { field, values, set, errorOf } = useFields<Values>(
    {
      username: request.username,
      full_name: '',
      phone: '',
      plan: '',
      password: '',
      account_type: isIpoe ? 'ipoe' : 'pppoe',
      facts: isIpoe ? facts.map(({ fact }) => fact).slice(0, 1) : [],
    },
    add.error,
  )
  if (made) return <Made made={made} onDone={onDone} />
  const send = (event: FormEvent) => {
    event.preventDefault()
    add.mutate(values)
  }
  return (
    <form onSubmit={send} aria-label={t('unmatched.create')}>
      <Stack gap="sm">
        <SegmentedControl
          aria-label={t('facts.accountType')}
          value={values.account_type}
          onChange={(next) => set({ account_type: next })}
          data={[
            { value: 'pppoe', label: t('words.pppoe') },
            { value: 'ipoe', label: t('words.ipoe') },
          ]}
        />
        <TextInput label={t('sessions.username')} required data-autofocus {...field('username')} />
        <TextInput label={t('unmatched.name')} {...field('full_name')} />
        <TextInput label={t('unmatched.phone')} type="tel" dir="ltr" {...field('phone')} />
        <Select
          label={t('facts.plan')}
          required
          searchable
          data={plans?.map(({ id, name }) => ({ value: String(id), label: name })) ?? []}
          value={values.plan === '' ? null : values.plan}
          error={errorOf('plan')}
          onChange={(next) => set({ plan: next ?? '' })}
        />
        {values.account_type === 'pppoe' && (
          <TextInput
            label={t('signIn.password')}
            description={t('unmatched.passwordHint')}
            autoComplete="off"
            {...field('password')}
          />
        )}
        <Checkbox.Group label={t('unmatched.binds')} value={values.facts} onChange={(next) => set({ facts: next })}>
          <Stack gap={8} mt={6}>
            {facts.map(({ fact, value }) => (
              <Checkbox key={fact} size="xs" value={fact} label={`${t(`unmatched.facts.${fact}`)}: ${value}`} />
            ))}
          </Stack>
        </Checkbox.Group>
        <ProblemNote error={add.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            {t('act.cancel')}
          </Button>
          <Button type="submit" loading={add.isPending} disabled={values.username.trim() === '' || values.plan === ''}>
            {t('unmatched.create')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Made({ made, onDone }: { made: PostSubscribersResponse; onDone(): void }) {
  const { t } = useTranslation()
  return (
    <Alert color="green" variant="light" title={t('unmatched.made', { name: made.username })} role="status">
      <Stack gap="sm">
        {made.password !== null && <Copied label={t('unmatched.shownOnce')} value={made.password} />}
        {made.warning}
        <Group>
          <Button
            size="compact-md"
            renderRoot={(props) => <Link {...props} to="/subscribers" search={{ open: made.id }} />}
          >
            {t('sessions.openSubscriber')}
          </Button>
          <Button size="compact-md" variant="default" onClick={onDone}>
            {t('act.close')}
          </Button>
        </Group>
      </Stack>
    </Alert>
  )
}

function bodyOf(request: UnmatchedRequest, values: Values): Body {
  const { facts, full_name: name, phone, password } = values
  const has = (fact: Fact) => facts.includes(fact)
  const hasVlan = request.s_vlan !== null || request.c_vlan !== null
  return {
    username: values.username.trim(),
    account_type: values.account_type,
    plan: Number(values.plan),
    ...(name.trim() !== '' && { full_name: name.trim() }),
    ...(phone.trim() !== '' && { phone: phone.trim() }),
    ...(values.account_type === 'pppoe' && password !== '' && { password }),
    ...(has('mac') && request.mac !== null && { devices: [request.mac] }),
    ...(has('circuit-id') && { circuit_id: request.circuit_id }),
    ...(has('remote-id') && { remote_id: request.remote_id }),
    ...(has('duid') && { duid: request.duid }),
    ...(has('interface') && (hasVlan ? vlansOf(request) : { bound_interface: request.interface })),
  }
}

function vlansOf({ s_vlan: outer, c_vlan: inner }: UnmatchedRequest) {
  return { ...(outer !== null && { bound_s_vlan: outer }), ...(inner !== null && { bound_c_vlan: inner }) }
}
