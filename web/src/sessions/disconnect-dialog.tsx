// Before sessions are ended: whose, how many, what happens on the network. An order each; how it went is said of each, and those
// that did not go can be tried again.
import { Alert, Button, Group, List, Modal, Progress, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postSessionsIdDisconnect } from '../api/generated/sdk.gen.ts'
import { withProof } from '../shell/proof.tsx'

export type Ending = { id: number; username: string }
type Failure = Ending & { reason: string }

const namesShown = 8
/** Orders asked for at the same time. */
const atOnce = 4

type Props = { sessions: readonly Ending[]; onClose(): void; onDone?(): void }

export function DisconnectDialog({ sessions, onClose, onDone }: Props) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [reason, setReason] = useState('')
  const [left, setLeft] = useState(sessions)
  const [done, setDone] = useState(0)
  const end = useMutation({
    mutationFn: async () => {
      setDone(0)
      const failures = await endAll(left, reason, t('problem.noAnswer'), () => setDone((before) => before + 1))
      setLeft(failures)
      return failures
    },
    onSettled: () => {
      for (const key of ['sessions', 'enforcement', 'subscriber', 'subscribers']) {
        void queries.invalidateQueries({ queryKey: [key] })
      }
    },
    onSuccess: (failures) => failures.length === 0 && onDone?.(),
  })
  const isOver = end.isSuccess && end.data.length === 0
  const send = (event: FormEvent) => {
    event.preventDefault()
    end.mutate()
  }
  return (
    <Modal opened onClose={onClose} title={t('disconnect.title')}>
      <form onSubmit={send}>
        <Stack gap="sm">
          {isOver ? (
            <Text size="sm" role="status">
              {t('disconnect.ordered', { count: sessions.length })}{' '}
              <Link to="/not-enforced">{t('disconnect.watch')}</Link>
            </Text>
          ) : (
            <>
              <Who sessions={left} />
              <Text size="sm">{t('disconnect.network')}</Text>
              <Text size="sm">{t('actions.noUndo')}</Text>
              <TextInput
                label={t('actionFields.reason')}
                maxLength={200}
                value={reason}
                onChange={(event) => setReason(event.currentTarget.value)}
                data-autofocus
              />
            </>
          )}
          {end.isPending && <Progress value={(done / left.length) * 100} animated aria-label={t('bulk.progress')} />}
          {end.data !== undefined && end.data.length > 0 && <Failures failures={end.data} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t(isOver ? 'act.close' : 'act.cancel')}
            </Button>
            {!isOver && (
              <Button type="submit" color="red" loading={end.isPending}>
                {t('disconnect.submit', { count: left.length })}
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** A few at the same time; who could not be asked for is given back with the reason. */
async function endAll(
  sessions: readonly Ending[],
  reason: string,
  noAnswer: string,
  onEach: () => void,
): Promise<Failure[]> {
  const waiting = [...sessions]
  const failures: Failure[] = []
  const body = reason.trim() === '' ? {} : { reason: reason.trim() }
  const work = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const path = { id: String(one.id) }
      try {
        await withProof(() => postSessionsIdDisconnect({ path, body, throwOnError: true }))
      } catch (error) {
        failures.push({ ...one, reason: error instanceof ApiError ? error.problem.detail : noAnswer })
      }
      onEach()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return failures
}

function Who({ sessions }: { sessions: readonly Ending[] }) {
  const { t } = useTranslation()
  const named = sessions.slice(0, namesShown)
  return (
    <div>
      <Text fw={600}>{t('disconnect.touches', { count: sessions.length })}</Text>
      <List size="sm" mt={4}>
        {named.map(({ id, username }) => (
          <List.Item key={id}>
            <bdi>{username}</bdi>
          </List.Item>
        ))}
        {sessions.length > named.length && (
          <List.Item>{t('actions.andMore', { count: sessions.length - named.length })}</List.Item>
        )}
      </List>
    </div>
  )
}

function Failures({ failures }: { failures: readonly Failure[] }) {
  const { t } = useTranslation()
  return (
    <Alert color="red" variant="light" role="alert" title={t('disconnect.failed', { count: failures.length })}>
      {failures.slice(0, namesShown).map(({ id, username, reason }) => (
        <Text key={id} size="sm">
          <bdi>{username}</bdi>: {reason}
        </Text>
      ))}
    </Alert>
  )
}
