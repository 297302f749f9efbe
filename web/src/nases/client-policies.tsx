// The policies of a RADIUS client; what makes it forgeable is said where it is chosen.
import { Alert, Checkbox, NumberInput, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Fields } from '../api/use-fields.ts'
import { formatInstant } from '../i18n/format.ts'
import type { MessageAuthenticator, Policies } from './client-values.ts'
import classes from './nases.module.css'
import { allHomeServers, allNasGroups, type Client } from './use-nases.ts'

type Form = Policies & { name: string; address: string; vendor: string; secret: string }
type Props = Fields<Form> & { client: Client | undefined }

const modes = ['require', 'auto', 'off'] as const satisfies readonly MessageAuthenticator[]

export function ClientPolicies({ client, values, set, field, errorOf }: Props) {
  const { t } = useTranslation()
  const { data: groups } = useQuery(allNasGroups)
  const { data: servers } = useQuery(allHomeServers)
  const pools = [...new Set(servers?.map(({ pool }) => pool))]
  return (
    <Stack gap="md">
      <Signing
        client={client}
        value={values.message_authenticator}
        onChange={(mode) => set({ message_authenticator: mode })}
      />
      <div className={classes.fields}>
        <Select
          label={t('nases.group')}
          description={t('nases.clientGroupHint')}
          searchable
          data={groups?.map(({ name }) => name) ?? []}
          value={values.group === '' ? null : values.group}
          error={errorOf('group')}
          onChange={(next) => set({ group: next ?? '' })}
        />
        <NumberInput
          label={t('nases.patience')}
          description={t('nases.patienceHint')}
          min={100}
          max={60_000}
          allowDecimal={false}
          suffix=" ms"
          value={values.patience_ms}
          error={errorOf('patience_ms')}
          onChange={(next) => set({ patience_ms: next === '' ? '' : Number(next) })}
        />
        <Select
          label={t('nases.unknownPool')}
          description={t('nases.unknownPoolHint')}
          clearable
          data={pools}
          value={values.unknown_pool === '' ? null : values.unknown_pool}
          error={errorOf('unknown_pool')}
          onChange={(next) => set({ unknown_pool: next ?? '' })}
        />
        <TextInput
          label={t('nases.radsecName')}
          description={t('nases.radsecHint')}
          dir="ltr"
          {...field('radsec_name')}
        />
        <TextInput
          label={t('nases.radsecFingerprint')}
          description={t('nases.fingerprintHint')}
          dir="ltr"
          {...field('radsec_fingerprint')}
        />
      </div>
      <Checkbox
        label={t('nases.newNas')}
        checked={values.new_nas === 'allow'}
        onChange={(event) => set({ new_nas: event.currentTarget.checked ? 'allow' : 'refuse' })}
      />
      <Checkbox
        label={t('nases.limitProxyState')}
        checked={values.limit_proxy_state}
        onChange={(event) => set({ limit_proxy_state: event.currentTarget.checked })}
      />
      <Checkbox
        label={t('nases.trustedProxy')}
        checked={values.trusted_proxy}
        onChange={(event) => set({ trusted_proxy: event.currentTarget.checked })}
      />
    </Stack>
  )
}

type SigningProps = {
  client: Client | undefined
  value: MessageAuthenticator
  onChange(mode: MessageAuthenticator): void
}

function Signing({ client, value, onChange }: SigningProps) {
  const { t } = useTranslation()
  const seen = client?.message_authenticator_seen_at ?? null
  const isDanger = value === 'off'
  return (
    <div>
      <Text size="sm" fw={500} mb={4} id="message-authenticator">
        {t('nases.messageAuthenticator')}
      </Text>
      <SegmentedControl
        aria-labelledby="message-authenticator"
        value={value}
        onChange={onChange}
        data={modes.map((mode) => ({ value: mode, label: t(`nases.modes.${mode}`) }))}
      />
      <Alert
        mt="xs"
        variant="light"
        color={isDanger ? 'red' : value === 'auto' ? 'yellow' : 'green'}
        icon={isDanger ? <IconAlertTriangle size={18} aria-hidden /> : undefined}
      >
        <Text size="sm">{t(`nases.modeMeans.${value}`)}</Text>
        {value === 'auto' && client && (
          <Text size="sm">{seen === null ? t('nases.notSeen') : t('nases.seen', { at: formatInstant(seen) })}</Text>
        )}
      </Alert>
    </div>
  )
}
