// The group: one that there is, or a new one made by typing its name.
import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteGroupsId, postGroups } from '../../api/generated/sdk.gen.ts'
import { useAct } from '../../api/use-act.ts'
import { allGroups } from '../../groups/all-groups.ts'
import { useMay, useMe } from '../../sign-in/me.ts'
import { useInput } from './inputs.tsx'
import { useForm } from './use-subscriber-form.ts'

const makeIt = 'make'

export function GroupField() {
  const { t } = useTranslation()
  const form = useForm()
  const input = useInput('group')
  const me = useMe()
  const mayMake = useMay('group.edit')
  const known = useQuery(allGroups)
  const [typed, setTyped] = useState('')
  const owner = form.values.owner === '' ? me.organisation_id : Number(form.values.owner)
  const make = useAct({
    run: async (name: string) => (await postGroups({ body: { name, owner }, throwOnError: true })).data,
    touches: [['groups'], ['choices', 'group']],
    done: ({ name }) => t('groups.added', { name }),
    undo:
      ({ id }) =>
      () => {
        form.set({ group: '' })
        return deleteGroupsId({ path: { id: String(id) }, throwOnError: true })
      },
    onDone: ({ id }) => form.set({ group: String(id) }),
  })
  const groups = (known.data ?? []).filter((group) => group.owner_id === owner)
  const name = typed.trim()
  const isNew = mayMake && name.length >= 2 && !groups.some((group) => group.name === name)
  return (
    <Select
      {...input}
      searchable
      clearable
      data={[
        ...groups.map(({ id, name: label }) => ({ value: String(id), label })),
        ...(isNew ? [{ value: makeIt, label: t('subscriberForm.makeGroup', { name }) }] : []),
      ]}
      // The one that makes it stands below whatever matches.
      filter={({ options, search }) =>
        options.filter(
          (option) =>
            'value' in option &&
            (option.value === makeIt || option.label.toLowerCase().includes(search.trim().toLowerCase())),
        )
      }
      searchValue={typed}
      onSearchChange={setTyped}
      nothingFoundMessage={t('list.emptyFiltered')}
      value={form.values.group === '' ? null : form.values.group}
      onChange={(next) => (next === makeIt ? make.mutate(name) : form.set({ group: next ?? '' }))}
    />
  )
}
