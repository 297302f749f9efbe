// Changing a subscriber: only what was changed is sent, against the version that was read.
import { Center, Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useCanGoBack, useRouter } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { patchSubscribersId } from '../../api/generated/sdk.gen.ts'
import { useAct } from '../../api/use-act.ts'
import { subscriberEditRoute } from '../../routes/customers.ts'
import { ProblemNote } from '../../shell/problem-note.tsx'
import { useTitle } from '../../shell/use-title.ts'
import { DraftNote } from './draft-note.tsx'
import { useDraft } from './draft.ts'
import { FormFrame } from './form-frame.tsx'
import { MeanwhileNote } from './meanwhile-note.tsx'
import { MeanwhileError, readToEdit, saveEdit, type Read } from './meanwhile.ts'
import { useSubscriberForm } from './use-subscriber-form.ts'
import { differences, patchBody, type FieldName, type FormValues } from './values.ts'

export function SubscriberEditPage() {
  const { t } = useTranslation()
  const id = subscriberEditRoute.useParams({ select: (params) => Number(params.id) })
  const { data, error } = useQuery({
    queryKey: ['subscriber', id, 'edit'],
    queryFn: () => readToEdit(id),
    // What stands in the form was read once; what others do meanwhile is told when it is saved.
    staleTime: Infinity,
    gcTime: 0,
  })
  if (error) return <ProblemNote error={error} />
  if (data === undefined) {
    return (
      <Center h="100%">
        <Loader aria-label={t('list.loading')} />
      </Center>
    )
  }
  return <EditForm key={id} id={id} read={data} />
}

/** Back to where one came from; else to the subscriber in the list. */
function useLeave(id: number): () => void {
  const router = useRouter()
  const canGoBack = useCanGoBack()
  return () => {
    if (canGoBack) router.history.back()
    else void router.navigate({ to: '/subscribers', search: { open: id } })
  }
}

type Edit = { begun: Read; values: FormValues; names: readonly FieldName[] }

function EditForm({ id, read }: { id: number; read: Read }) {
  const { t } = useTranslation()
  useTitle(`${t('subscriberForm.editTitle')} ${read.subscriber.username}`)
  const leave = useLeave(id)
  const draft = useDraft(`edit.${id}`)
  const [begun, setBegun] = useState(read)
  const [hasDraft, setHasDraft] = useState(draft.kept !== undefined)
  const save = useAct({
    run: ({ begun: before, values, names }: Edit) => saveEdit(before, values, names),
    touches: [['subscribers'], ['subscriber'], ['groups']],
    isForm: true,
    done: ({ username }) => t('subscriberForm.saved', { name: username }),
    undo: (_after, { begun: before, names }) =>
      names.some((name) => name === 'password' || name === 'credential')
        ? undefined
        : () =>
            patchSubscribersId({
              path: { id: String(id) },
              body: patchBody(before.values, names),
              throwOnError: true,
            }),
    onDone: () => {
      draft.drop()
      leave()
    },
  })
  const initial = useMemo(() => ({ ...read.values, ...draft.kept }), [read, draft.kept])
  const form = useSubscriberForm({ mode: 'edit', id, initial, error: save.error })
  const { values } = form
  useEffect(() => {
    if (!save.isSuccess) draft.keep(begun.values, values)
  }, [draft, save.isSuccess, begun, values])
  const changed = differences(begun.values, values).filter((name) => form.writable.includes(name))
  const meanwhile = save.error instanceof MeanwhileError ? save.error : undefined
  return (
    <FormFrame
      title={
        <>
          {t('subscriberForm.editTitle')} <bdi>{begun.subscriber.username}</bdi>
        </>
      }
      notes={
        <>
          {hasDraft && meanwhile === undefined && (
            <DraftNote
              onAnew={() => {
                form.set(begun.values)
                setHasDraft(false)
              }}
            />
          )}
          {meanwhile && (
            <MeanwhileNote
              begun={begun}
              fresh={meanwhile.fresh}
              mine={values}
              onGoOn={(next) => {
                setBegun(meanwhile.fresh)
                form.set(next)
                save.reset()
              }}
            />
          )}
        </>
      }
      form={form}
      error={meanwhile === undefined ? save.error : null}
      isBusy={save.isPending}
      submit={t('act.save')}
      onSubmit={() => {
        if (changed.length === 0) leave()
        else save.mutate({ begun, values, names: changed })
      }}
      onCancel={() => {
        draft.drop()
        leave()
      }}
    />
  )
}
