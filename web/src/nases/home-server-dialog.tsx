// A new home server in a pool.
import {
  Alert,
  Autocomplete,
  Button,
  Group,
  Modal,
  NumberInput,
  PasswordInput,
  Select,
  Stack,
  TextInput,
} from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteHomeServersName, postHomeServers } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import classes from './nases.module.css'
import { allHomeServers } from './use-nases.ts'

const blank = {
  name: '',
  pool: '',
  address: '',
  secret: '',
  auth_port: 1812,
  acct_port: 1813,
  priority: 1,
  message_authenticator: 'auto',
}
type Values = typeof blank

export function HomeServerDialog({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const { data: servers } = useQuery(allHomeServers)
  const add = useAct({
    run: async (values: Values) => (await postHomeServers({ body: values, throwOnError: true })).data,
    touches: [['nases', 'home-servers']],
    isForm: true,
    done: ({ name, warning }) => [t('nases.added', { name }), warning].filter(Boolean).join(' · '),
    undo:
      ({ name }) =>
      () =>
        deleteHomeServersName({ path: { name }, throwOnError: true }),
    onDone: onClose,
  })
  const { field, values, set, errorOf } = useFields(blank, add.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    add.mutate(values)
  }
  const port = (name: 'auth_port' | 'acct_port' | 'priority', most: number) => ({
    min: name === 'priority' ? 0 : 1,
    max: most,
    allowDecimal: false,
    value: values[name],
    error: errorOf(name),
    onChange: (next: string | number) => set({ [name]: Number(next) }),
  })
  return (
    <Modal opened onClose={onClose} size="lg" title={t('realms.addServer')}>
      <form onSubmit={send}>
        <Stack gap="md">
          <div className={classes.fields}>
            <TextInput label={t('nases.name')} required data-autofocus {...field('name')} />
            <Autocomplete
              label={t('realms.pool')}
              description={t('realms.poolHint')}
              required
              data={[...new Set(servers?.map(({ pool }) => pool))]}
              value={values.pool}
              error={errorOf('pool')}
              onChange={(pool) => set({ pool })}
            />
            <TextInput label={t('realms.heads.address')} required dir="ltr" {...field('address')} />
            <PasswordInput label={t('nases.secret')} required autoComplete="new-password" {...field('secret')} />
            <NumberInput label={t('realms.authPort')} {...port('auth_port', 65_535)} />
            <NumberInput label={t('realms.acctPort')} {...port('acct_port', 65_535)} />
            <NumberInput
              label={t('realms.heads.priority')}
              description={t('realms.priorityHint')}
              {...port('priority', 1_000)}
            />
            <Select
              label={t('nases.messageAuthenticator')}
              allowDeselect={false}
              data={(['require', 'auto', 'off'] as const).map((value) => ({ value, label: t(`nases.modes.${value}`) }))}
              value={values.message_authenticator}
              error={errorOf('message_authenticator')}
              onChange={(next) => set({ message_authenticator: next ?? 'auto' })}
            />
          </div>
          {values.message_authenticator === 'off' && (
            <Alert color="red" variant="light">
              {t('nases.modeMeans.off')}
            </Alert>
          )}
          <ProblemNote error={add.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button
              type="submit"
              loading={add.isPending}
              disabled={[values.name, values.pool, values.address, values.secret].some((text) => text.trim() === '')}
            >
              {t('realms.addServer')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
