// Adding a subscriber. What is typed is kept until it is saved; a password that was made up is shown once; then the new one is
// opened in the list.
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getSubscribers, postSubscribers, postSubscribersIdDelete } from '../../api/generated/sdk.gen.ts'
import { useAct } from '../../api/use-act.ts'
import { subscriberNewRoute } from '../../routes/customers.ts'
import { useTitle } from '../../shell/use-title.ts'
import { useMay } from '../../sign-in/me.ts'
import { createAgainKey } from '../../api/again-key.ts'
import { DraftNote } from './draft-note.tsx'
import { useDraft } from './draft.ts'
import { FormFrame } from './form-frame.tsx'
import { MadeNote, type Made } from './made-note.tsx'
import { PresetMenu } from './preset-menu.tsx'
import { useSubscriberForm } from './use-subscriber-form.ts'
import { blankValues, createBody, valuesOfPreset, type CreateBody } from './values.ts'

/** Where the first request was done and only its answer was lost, the password that was made is not told again. */
async function made(body: CreateBody, key: string): Promise<Made> {
  const { data, response } = await postSubscribers({ body, headers: { 'Idempotency-Key': key }, throwOnError: true })
  if (response.status !== 204) return data
  const query = { search: body.username, columns: 'username', limit: '200' }
  const { items } = (await getSubscribers({ query, throwOnError: true })).data
  const username = body.username.trim().toLowerCase()
  const found = items.find((row) => row.username === username)
  return { id: found?.id ?? 0, username, password: null, warning: null }
}

export function SubscriberAddPage() {
  const { t } = useTranslation()
  useTitle(t('subscriberForm.addTitle'))
  const [round, setRound] = useState(0)
  return <AddForm key={round} onAnother={() => setRound((before) => before + 1)} />
}

function AddForm({ onAnother }: { onAnother(): void }) {
  const { t } = useTranslation()
  const navigate = subscriberNewRoute.useNavigate()
  const mayDelete = useMay('subscriber.delete')
  const draft = useDraft('new')
  const [shown, setShown] = useState<Made>()
  const [hasDraft, setHasDraft] = useState(draft.kept !== undefined)
  const [again] = useState(createAgainKey)
  const open = (id: number) => void navigate({ to: '/subscribers', search: { open: id } })
  const add = useAct({
    run: (body: CreateBody) => made(body, again(body)),
    touches: [['subscribers'], ['groups']],
    isForm: true,
    done: ({ username }) => t('subscriberForm.added', { name: username }),
    undo: ({ id }) =>
      mayDelete
        ? () => postSubscribersIdDelete({ path: { id: String(id) }, body: { free_username: true }, throwOnError: true })
        : undefined,
    onDone: (one) => {
      draft.drop()
      if (one.password === null && one.warning === null) open(one.id)
      else setShown(one)
    },
  })
  const form = useSubscriberForm({ mode: 'add', initial: { ...blankValues, ...draft.kept }, error: add.error })
  useEffect(() => {
    if (!add.isSuccess) draft.keep(blankValues, form.values)
  }, [draft, add.isSuccess, form.values])
  return (
    <>
      <FormFrame
        title={t('subscriberForm.addTitle')}
        tools={<PresetMenu values={form.values} onChoose={(fields) => form.set(valuesOfPreset(fields))} />}
        notes={
          hasDraft && (
            <DraftNote
              onAnew={() => {
                form.set(blankValues)
                setHasDraft(false)
              }}
            />
          )
        }
        form={form}
        error={add.error}
        isBusy={add.isPending}
        submit={t('subscriberForm.add')}
        onSubmit={() => add.mutate(createBody(form.values, form.writable))}
        onCancel={() => {
          draft.drop()
          void navigate({ to: '/subscribers' })
        }}
      />
      {shown && <MadeNote made={shown} onOpen={() => open(shown.id)} onAnother={onAnother} />}
    </>
  )
}
