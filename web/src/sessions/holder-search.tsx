// The question who had an address, MAC or circuit id, and its answer.
import { Alert, Anchor, Badge, Button, Group, Stack, Table, Text, TextInput } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { postAddressesHolders } from '../api/generated/sdk.gen.ts'
import type { AddressHolder, PostAddressesHoldersResponse } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { formatInstant, fromLocalInput } from '../i18n/format.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import classes from './sessions.module.css'

type Asked = { address: string; at: string; port: string; reason: string; case_number: string }
const nothing: Asked = { address: '', at: '', port: '', reason: '', case_number: '' }

export function HolderSearch() {
  const { t } = useTranslation()
  const [found, setFound] = useState<PostAddressesHoldersResponse>()
  const ask = useAct({
    run: async (asked: Asked) => {
      const at = fromLocalInput(asked.at)
      const body = {
        address: asked.address.trim(),
        reason: asked.reason.trim(),
        ...(at !== undefined && { at }),
        ...(asked.port.trim() !== '' && { port: Number(asked.port) }),
        ...(asked.case_number.trim() !== '' && { case_number: asked.case_number.trim() }),
      }
      return (await postAddressesHolders({ body, throwOnError: true })).data
    },
    touches: [['disclosures']],
    isForm: true,
    onDone: setFound,
  })
  const { field, values } = useFields(nothing, ask.error)
  const portError =
    /^\d{0,5}$/.test(values.port.trim()) && Number(values.port) <= 65_535 ? undefined : t('holders.portWrong')
  const send = (event: FormEvent) => {
    event.preventDefault()
    ask.mutate(values)
  }
  return (
    <Stack gap="md">
      <form onSubmit={send}>
        <div className={classes.ask}>
          <TextInput label={t('holders.sought')} description={t('holders.soughtHint')} required {...field('address')} />
          <TextInput label={t('holders.at')} description={t('holders.atHint')} type="datetime-local" {...field('at')} />
          <TextInput
            label={t('holders.port')}
            description={t('holders.portHint')}
            inputMode="numeric"
            {...field('port')}
            error={portError ?? field('port').error}
          />
          <TextInput
            label={t('actionFields.reason')}
            description={t('holders.reasonHint')}
            required
            {...field('reason')}
          />
          <TextInput label={t('holders.case')} description={t('holders.caseHint')} {...field('case_number')} />
        </div>
        <Group mt="md">
          <Button type="submit" loading={ask.isPending} disabled={portError !== undefined}>
            {t('holders.submit')}
          </Button>
        </Group>
      </form>
      <ProblemNote error={ask.error} />
      {found && <Answer found={found} />}
    </Stack>
  )
}

function Answer({ found }: { found: PostAddressesHoldersResponse }) {
  const { t } = useTranslation()
  const { holders, sought, at, disclosure_id: id, port_known: portKnown } = found
  return (
    <Stack gap="xs">
      <Text size="sm" role="status">
        {t('holders.found', { count: holders.length })} <bdi>{sought}</bdi>
        {at !== null && ` · ${formatInstant(at)}`} · {t('holders.record', { id })}
      </Text>
      {!portKnown && <Alert color="yellow">{t('holders.portUnknown')}</Alert>}
      {holders.length > 0 && (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls by keyboard
        <Table.ScrollContainer minWidth={720} tabIndex={0} role="region" aria-label={t('holders.title')}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                {(['username', 'held', 'source', 'from', 'to', 'mac', 'nas'] as const).map((name) => (
                  <Table.Th key={name}>{t(`holders.${name}`)}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {holders.map((holder) => (
                <Holder
                  key={`${holder.source} ${holder.username} ${holder.acct_session_id} ${holder.held}`}
                  {...holder}
                />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  )
}

function Holder(holder: AddressHolder) {
  const { t } = useTranslation()
  const { subscriber_id: id, username, started_at: from, ended_at: to } = holder
  return (
    <Table.Tr>
      <Table.Td>
        {id === null ? (
          <bdi>{username}</bdi>
        ) : (
          <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/subscribers" search={{ open: id }} />}>
            <bdi>{username}</bdi>
          </Anchor>
        )}
      </Table.Td>
      <Table.Td>
        <bdi>{holder.held}</bdi>
        {!holder.exact && (
          <Badge ms={6} variant="light" color="orange" tt="none">
            {t('holders.around')}
          </Badge>
        )}
      </Table.Td>
      <Table.Td>{t(`holders.sources.${holder.source}`)}</Table.Td>
      <Table.Td>{from && formatInstant(from)}</Table.Td>
      <Table.Td>{to === null ? holder.source === 'session' && t('holders.still') : formatInstant(to)}</Table.Td>
      <Table.Td>
        <bdi>{holder.mac}</bdi>
      </Table.Td>
      <Table.Td>
        <bdi>{[holder.nas, holder.interface].filter(Boolean).join(' · ')}</bdi>
      </Table.Td>
    </Table.Tr>
  )
}
