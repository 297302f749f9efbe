// The server that mail goes through, and a mail to oneself to see whether it does.
import {
  Alert,
  Button,
  Checkbox,
  Group,
  NumberInput,
  PasswordInput,
  Select,
  Skeleton,
  Stack,
  TextInput,
} from '@mantine/core'
import { IconMailForward } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState, type FormEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { getMailServer, postMailServerTest, putMailServer } from '../api/generated/sdk.gen.ts'
import type { GetMailServerResponse, PutMailServerData } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ListPage } from '../list/list-page.tsx'
import { messagesRoute } from '../routes/house.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay, useMe } from '../sign-in/me.ts'
import classes from './messages.module.css'

type Server = GetMailServerResponse
const securities = ['starttls', 'tls', 'none'] as const

export function MailServer({ filters }: { filters: ReactNode }) {
  const { t } = useTranslation()
  const found = useQuery({
    queryKey: ['mail-server'],
    queryFn: async (): Promise<Server | null> => {
      try {
        return (await getMailServer({ throwOnError: true })).data
      } catch (error) {
        if (error instanceof ApiError && error.code === 'not-found') return null
        throw error
      }
    },
  })
  return (
    <ListPage title={t('nav.messages')} error={found.error} filters={filters}>
      <div className={classes.body}>
        {found.data === undefined && found.error === null && <Skeleton height={240} />}
        {found.data !== undefined && <ServerForm server={found.data} />}
      </div>
    </ListPage>
  )
}

function ServerForm({ server }: { server: Server | null }) {
  const { t } = useTranslation()
  const mayEdit = useMay('message.edit')
  const [forget, setForget] = useState(false)
  const save = useAct({
    run: async (body: PutMailServerData['body']) => (await putMailServer({ body, throwOnError: true })).data,
    touches: [['mail-server']],
    isForm: true,
    done: ({ host }) => t('messages.serverSaved', { host }),
  })
  const initial = {
    host: server?.host ?? '',
    port: server?.port ?? 587,
    security: (server?.security ?? 'starttls') as string,
    sender: server?.sender ?? '',
    username: server?.username ?? '',
    password: '',
  }
  const { values, set, field, errorOf } = useFields(initial, save.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    const { password, username, ...rest } = values
    save.mutate(
      {
        ...rest,
        username: username.trim() === '' ? null : username.trim(),
        ...(forget ? { password: null } : password === '' ? {} : { password }),
      },
      {
        onSuccess: () => {
          set({ password: '' })
          setForget(false)
        },
      },
    )
  }
  return (
    <form onSubmit={send} className={classes.form}>
      <Stack gap="sm">
        {server === null && <Alert variant="light">{t('messages.noServer')}</Alert>}
        <Group grow align="flex-start" preventGrowOverflow={false}>
          <TextInput label={t('messages.host')} required readOnly={!mayEdit} dir="ltr" {...field('host')} />
          <NumberInput
            label={t('messages.port')}
            required
            readOnly={!mayEdit}
            maw={110}
            min={1}
            max={65_535}
            allowDecimal={false}
            hideControls
            error={errorOf('port')}
            value={values.port}
            onChange={(port) => set({ port: Number(port) })}
          />
        </Group>
        <Select
          label={t('messages.security')}
          allowDeselect={false}
          readOnly={!mayEdit}
          error={errorOf('security')}
          data={securities.map((value) => ({ value, label: t(`messages.securities.${value}`) }))}
          value={values.security}
          onChange={(value) => value !== null && set({ security: value })}
        />
        <TextInput label={t('messages.sender')} required type="email" readOnly={!mayEdit} {...field('sender')} />
        <TextInput label={t('messages.username')} autoComplete="off" readOnly={!mayEdit} {...field('username')} />
        {mayEdit && (
          <PasswordInput
            label={t('messages.password')}
            description={server?.has_password === true ? t('messages.passwordStays') : undefined}
            autoComplete="new-password"
            disabled={forget}
            {...field('password')}
          />
        )}
        {mayEdit && server?.has_password === true && (
          <Checkbox
            label={t('messages.forgetPassword')}
            checked={forget}
            onChange={(event) => setForget(event.currentTarget.checked)}
          />
        )}
        <ProblemNote error={save.error instanceof ApiError && save.error.isOfFields ? null : save.error} />
        {mayEdit && (
          <Group>
            <Button type="submit" loading={save.isPending}>
              {t('act.save')}
            </Button>
            {server !== null && <TestButton />}
          </Group>
        )}
      </Stack>
    </form>
  )
}

/** What became of the test is in the outbox, where it goes. */
function TestButton() {
  const { t } = useTranslation()
  const { email } = useMe()
  const navigate = messagesRoute.useNavigate()
  const test = useAct({
    run: () => postMailServerTest({ throwOnError: true }),
    touches: [['messages']],
    done: () => t('messages.testQueued', { email }),
    onDone: () => void navigate({ search: { tab: 'outbox' } }),
  })
  return (
    <Button
      variant="default"
      leftSection={<IconMailForward size={16} aria-hidden />}
      loading={test.isPending}
      onClick={() => test.mutate(undefined)}
    >
      {t('messages.test', { email })}
    </Button>
  )
}
