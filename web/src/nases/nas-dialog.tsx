// A NAS, added or changed: behind which client it speaks, by what it is told from others there, where orders for it go.
import { Alert, Button, Group, Modal, NumberInput, Select, Stack, Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { patchNasesName, postNases } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { ClientDialog } from './client-dialog.tsx'
import classes from './nases.module.css'
import { allClients, allNasGroups, nasKeys, vendors, type NasDevice } from './use-nases.ts'

const asWords = (values: readonly string[]) => values.map((value) => ({ value, label: value }))

function fieldsOf(nas: NasDevice | undefined) {
  return {
    name: nas?.name ?? '',
    client: nas?.client ?? '',
    vendor: nas?.vendor ?? 'mikrotik',
    group: nas?.group ?? '',
    identifier: nas?.identifier ?? '',
    address: nas?.address ?? '',
    coa_address: nas?.coa_address ?? '',
    coa_port: nas?.coa_port ?? 3799,
    attributes: nas?.attributes.join('\n') ?? '',
  }
}
type Values = ReturnType<typeof fieldsOf>

/** Only what was written or changed: an empty identifier is none, and cannot be taken away again. */
function bodyOf(values: Values, before: Values) {
  const texts = Object.fromEntries(
    (['vendor', 'group', 'identifier', 'address', 'coa_address'] as const)
      .filter((name) => values[name].trim() !== before[name])
      .map((name) => [name, values[name].trim()]),
  )
  return {
    ...texts,
    ...(values.coa_port !== before.coa_port && { coa_port: values.coa_port }),
    ...(values.attributes !== before.attributes && {
      attributes: values.attributes.split('\n').filter((line) => line.trim() !== ''),
    }),
  }
}

/** `nas`: the one that is changed; without it one is added. */
export function NasDialog({ nas, onClose }: { nas?: NasDevice; onClose(): void }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { data: clients } = useQuery(allClients)
  const { data: groups } = useQuery(allNasGroups)
  const [addsClient, setAddsClient] = useState(false)
  const initial = fieldsOf(nas)
  const save = useAct({
    run: async (values: Values) => {
      const body = bodyOf(values, nas ? initial : { ...initial, vendor: '' })
      if (nas) return (await patchNasesName({ path: { name: nas.name }, body, throwOnError: true })).data
      const { name, client, vendor } = values
      return (await postNases({ body: { ...body, name: name.trim(), client, vendor }, throwOnError: true })).data
    },
    touches: [...nasKeys],
    isForm: true,
    done: ({ name }) => t(nas ? 'nases.changed' : 'nases.added', { name }),
    onDone: ({ id }) => {
      onClose()
      if (!nas) void navigate({ to: '/nases/$id', params: { id: String(id) }, search: { tab: 'script' } })
    },
  })
  const { field, values, set, errorOf } = useFields(initial, save.error)
  if (addsClient) return <ClientDialog onClose={onClose} />
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(values)
  }
  const select = (name: 'client' | 'vendor' | 'group', data: readonly string[]) => ({
    label: t(`nases.${name}`),
    data: asWords(data),
    value: values[name] === '' ? null : values[name],
    error: errorOf(name),
    onChange: (next: string | null) => set({ [name]: next ?? '' }),
  })
  return (
    <Modal opened onClose={onClose} size="lg" title={nas ? t('nases.change', { name: nas.name }) : t('nases.add')}>
      <form onSubmit={send}>
        <Stack gap="md">
          {!nas && (
            <Alert variant="light">
              {t('nases.addHint')}{' '}
              <Button variant="subtle" size="compact-sm" onClick={() => setAddsClient(true)}>
                {t('nases.addClient')}
              </Button>
            </Alert>
          )}
          <div className={classes.fields}>
            {!nas && <TextInput label={t('nases.name')} required data-autofocus {...field('name')} />}
            {!nas && <Select required searchable {...select('client', clients?.map(({ name }) => name) ?? [])} />}
            <Select required {...select('vendor', vendors)} />
            <Select
              searchable
              description={t('nases.groupHint')}
              {...select('group', groups?.map(({ name }) => name) ?? [])}
            />
            <TextInput label={t('nases.identifier')} description={t('nases.identifierHint')} {...field('identifier')} />
            <TextInput label={t('nases.address')} description={t('nases.addressHint')} {...field('address')} />
            <TextInput
              label={t('nases.coaAddress')}
              description={t('nases.coaAddressHint')}
              {...field('coa_address')}
            />
            <NumberInput
              label={t('nases.coaPort')}
              description={t('nases.coaPortHint')}
              min={1}
              max={65_535}
              allowDecimal={false}
              value={values.coa_port}
              error={errorOf('coa_port')}
              onChange={(next) => set({ coa_port: Number(next) })}
            />
          </div>
          <Textarea
            label={t('nases.attributes')}
            description={t('nases.attributesHint')}
            autosize
            minRows={2}
            dir="ltr"
            {...field('attributes')}
            error={errorOf('attributes') ?? attributeError(save.error)}
          />
          <ProblemNote error={save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button
              type="submit"
              loading={save.isPending}
              disabled={values.name.trim() === '' || values.client === '' || values.vendor === ''}
            >
              {t(nas ? 'act.save' : 'nases.add')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** The API calls the field by one of them. */
function attributeError(error: Error | null): string | undefined {
  const fields = (error as { fields?: Record<string, string> } | null)?.fields
  return fields?.['attribute']
}
