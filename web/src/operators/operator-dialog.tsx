// Adding an operator, or changing one: what is typed stays when the line breaks, what the API says stands at its field.
import { Button, Group, Modal, Skeleton, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { getOperatorsId, patchOperatorsId, postOperators } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { bodyOf, emptyOperator, isWhole, OperatorFields, valuesOf, type OperatorValues } from './operator-fields.tsx'
import { RevealDialog } from './reveal-dialog.tsx'

const touches = [['operators'], ['choices', 'organisation']]

export function AddOperator({ onClose }: { onClose(): void }) {
  const { t } = useTranslation()
  const [made, setMade] = useState<{ name: string; password: string }>()
  const add = useAct({
    run: async (values: OperatorValues) => {
      const body = { ...bodyOf(values), invite: values.invite }
      return (await postOperators({ body, throwOnError: true })).data
    },
    touches,
    isForm: true,
    done: ({ name, password }) => t(password === null ? 'operators.invited' : 'operators.added', { name }),
    onDone: ({ name, password }) => (password === null ? onClose() : setMade({ name, password })),
  })
  if (made !== undefined) {
    return (
      <RevealDialog
        title={t('operators.revealed.title', { name: made.name })}
        hint={t('operators.revealed.hint')}
        label={t('operators.revealed.label')}
        value={made.password}
        onClose={onClose}
      />
    )
  }
  return <Form title={t('operators.addTitle')} initial={emptyOperator} isNew act={add} onClose={onClose} />
}

export function EditOperator({ id, onClose }: { id: number; onClose(): void }) {
  const { t } = useTranslation()
  const read = useQuery({
    queryKey: ['operators', 'edit', id],
    queryFn: async () => {
      const { data, response } = await getOperatorsId({ path: { id: String(id) }, throwOnError: true })
      return { operator: data, version: response.headers.get('etag') }
    },
    gcTime: 0,
    staleTime: Infinity,
  })
  const save = useAct({
    run: async (values: OperatorValues) => {
      // Whoever changed it meanwhile is not written over.
      const headers = { 'If-Match': read.data?.version ?? null }
      const body = { ...bodyOf(values), must_change_password: values.must_change_password }
      return (await patchOperatorsId({ path: { id: String(id) }, body, headers, throwOnError: true })).data
    },
    touches,
    isForm: true,
    done: ({ name }) => t('operators.saved', { name }),
    onDone: onClose,
  })
  if (read.data === undefined) {
    return (
      <Modal opened onClose={onClose} title={t('operators.edit')}>
        {read.error === null ? <Skeleton height={320} /> : <ProblemNote error={read.error} />}
      </Modal>
    )
  }
  const { operator } = read.data
  const title = t('operators.editTitle', { name: operator.name })
  return <Form title={title} initial={valuesOf(operator)} act={save} onClose={onClose} />
}

type FormProps = {
  title: string
  initial: OperatorValues
  isNew?: boolean
  act: { mutate(values: OperatorValues): void; isPending: boolean; error: Error | null }
  onClose(): void
}

function Form({ title, initial, isNew = false, act, onClose }: FormProps) {
  const { t } = useTranslation()
  const fields = useFields(initial, act.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    act.mutate(fields.values)
  }
  const isShownAtFields = act.error instanceof ApiError && act.error.isOfFields && shownAll(act.error)
  return (
    <Modal opened onClose={onClose} title={title} closeOnClickOutside={false}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <OperatorFields fields={fields} isNew={isNew} />
          <ProblemNote error={isShownAtFields ? null : act.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={act.isPending} disabled={!isWhole(fields.values)}>
              {t(isNew ? 'operators.add' : 'act.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** Some refusals name a field that the form does not have, as that there must be a super-administrator. */
function shownAll(error: ApiError): boolean {
  return Object.keys(error.fields).every((name) => name in bodyOf(emptyOperator))
}
