// How the management side of a router is entered. Its password goes in and never comes out.
import {
  Alert,
  Button,
  Group,
  Modal,
  NumberInput,
  PasswordInput,
  SegmentedControl,
  Stack,
  Textarea,
  TextInput,
} from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { putNasesNameRouter } from '../api/generated/sdk.gen.ts'
import type { RouterAccess } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import classes from './nases.module.css'
import type { NasDevice } from './use-nases.ts'

type Values = {
  backend: 'api' | 'rest'
  host: string
  port: number | ''
  user_name: string
  password: string
  pin: string
  ca: string
  server_name: string
  timeout_ms: number | ''
}

function valuesOf(access: RouterAccess | undefined): Values {
  return {
    backend: access?.backend ?? 'rest',
    host: access?.host ?? '',
    port: access?.port ?? '',
    user_name: access?.user_name ?? 'gatehouse',
    password: '',
    pin: access?.pin ?? '',
    ca: access?.ca ?? '',
    server_name: access?.server_name ?? '',
    timeout_ms: access?.timeout_ms ?? '',
  }
}

type Props = { nas: NasDevice; access: RouterAccess | undefined; onClose(): void }

export function RouterDialog({ nas, access, onClose }: Props) {
  const { t } = useTranslation()
  const save = useAct({
    run: (values: Values) => {
      const { backend, user_name, ...rest } = values
      const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== ''))
      const body = { backend, user_name: user_name.trim(), ...given }
      return putNasesNameRouter({ path: { name: nas.name }, body, throwOnError: true })
    },
    touches: [
      ['nases', 'router'],
      ['nases', 'states'],
    ],
    isForm: true,
    done: () => t('routers.saved'),
    onDone: onClose,
  })
  const { field, values, set, errorOf } = useFields(valuesOf(access), save.error)
  const isUnproved = values.pin.trim() === '' && values.ca.trim() === ''
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(values)
  }
  const number = (name: 'port' | 'timeout_ms') => ({
    value: values[name],
    error: errorOf(name),
    allowDecimal: false,
    onChange: (next: string | number) => set({ [name]: next === '' ? '' : Number(next) }),
  })
  return (
    <Modal opened onClose={onClose} size="lg" title={t('routers.dialog', { name: nas.name })}>
      <form onSubmit={send}>
        <Stack gap="md">
          <SegmentedControl
            aria-label={t('routers.backend')}
            value={values.backend}
            onChange={(backend) => set({ backend })}
            data={(['rest', 'api'] as const).map((value) => ({ value, label: t(`routers.backends.${value}`) }))}
          />
          <div className={classes.fields}>
            <TextInput label={t('routers.host')} description={t('routers.hostHint')} dir="ltr" {...field('host')} />
            <NumberInput
              label={t('sessions.port')}
              description={t('routers.portHint')}
              min={1}
              max={65_535}
              {...number('port')}
            />
            <TextInput label={t('routers.user')} required autoComplete="off" data-autofocus {...field('user_name')} />
            <PasswordInput
              label={t('signIn.password')}
              description={access ? t('routers.passwordKept') : undefined}
              required={!access}
              autoComplete="new-password"
              {...field('password')}
            />
            <TextInput label={t('routers.pin')} description={t('routers.pinHint')} dir="ltr" {...field('pin')} />
            <TextInput label={t('routers.serverName')} dir="ltr" {...field('server_name')} />
            <NumberInput label={t('routers.timeout')} min={100} max={60_000} suffix=" ms" {...number('timeout_ms')} />
          </div>
          <Textarea
            label={t('routers.ca')}
            description={t('routers.caHint')}
            dir="ltr"
            autosize
            minRows={2}
            maxRows={6}
            {...field('ca')}
          />
          {isUnproved && (
            <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} aria-hidden />}>
              {t('routers.unproved')}
            </Alert>
          )}
          <ProblemNote error={save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={values.user_name.trim() === ''}>
              {t('act.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
