// What is grave asks once more who one is. Whatever was refused for that waits here for the proof and is then done again: nothing
// that was typed is lost.
import { Button, Group, Modal, PasswordInput, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState, useSyncExternalStore, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postSignInProof } from '../api/generated/sdk.gen.ts'
import { ProblemNote } from './problem-note.tsx'

type Waiting = { proved(): void; given(): void }

let waiting: Waiting | undefined
const listeners = new Set<() => void>()

function ask(next: Waiting | undefined): void {
  waiting = next
  for (const listener of listeners) listener()
}

/** Does it; where the API wants a fresh proof first, asks for one and does it again. Rejects as before when none is given. */
export async function withProof<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'recent-proof-needed') throw error
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    ask({ proved: resolve, given: () => reject(error) })
    await promise
    return work()
  }
}

export function ProofDialog() {
  const { t } = useTranslation()
  const current = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => waiting,
  )
  const [by, setBy] = useState<'password' | 'code'>('password')
  const [typed, setTyped] = useState('')
  const prove = useMutation({
    mutationFn: () =>
      postSignInProof({ body: by === 'password' ? { password: typed } : { code: typed }, throwOnError: true }),
    onSuccess: () => close((waited) => waited.proved()),
  })
  const close = (end: (waited: Waiting) => void) => {
    setTyped('')
    prove.reset()
    if (current !== undefined) end(current)
    ask(undefined)
  }
  const send = (event: FormEvent) => {
    event.preventDefault()
    prove.mutate()
  }
  return (
    <Modal opened={current !== undefined} onClose={() => close((waited) => waited.given())} title={t('proof.title')}>
      <form onSubmit={send}>
        <Stack gap="md">
          <Text size="sm">{t('proof.hint')}</Text>
          <SegmentedControl
            value={by}
            onChange={(value) => setBy(value)}
            data={[
              { value: 'password', label: t('signIn.password') },
              { value: 'code', label: t('signIn.code') },
            ]}
          />
          {by === 'password' ? (
            <PasswordInput
              label={t('signIn.password')}
              autoComplete="current-password"
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              data-autofocus
              required
            />
          ) : (
            <TextInput
              label={t('signIn.code')}
              autoComplete="one-time-code"
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              required
            />
          )}
          <ProblemNote error={prove.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={() => close((waited) => waited.given())}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={prove.isPending}>
              {t('proof.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
