// A RADIUS client, added or changed: from where it may send, with which secret, under which policies. A secret that was made is
// shown once, here.
import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { patchClientsName, postClients } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { ClientPolicies } from './client-policies.tsx'
import { policiesBody, policiesOf } from './client-values.ts'
import { NewSecret, type Revealed } from './new-secret.tsx'
import classes from './nases.module.css'
import { nasKeys, vendors, type Client } from './use-nases.ts'

/** `client`: the one that is changed; without it one is added. */
export function ClientDialog({ client, onClose }: { client?: Client; onClose(): void }) {
  const { t } = useTranslation()
  const [made, setMade] = useState<Revealed & { name: string }>()
  const initial = {
    name: client?.name ?? '',
    address: client?.prefix ?? '',
    vendor: 'mikrotik',
    secret: '',
    ...policiesOf(client),
  }
  const save = useAct({
    run: async (values: typeof initial) => {
      const policies = policiesBody(values, client && initial)
      if (client) {
        await patchClientsName({ path: { name: client.name }, body: policies, throwOnError: true })
        return undefined
      }
      const { name, address, vendor, secret } = values
      const body = {
        name: name.trim(),
        address: address.trim(),
        ...(vendor !== '' && { vendor }),
        ...(secret !== '' && { secret }),
        ...policies,
      }
      return (await postClients({ body, throwOnError: true })).data
    },
    touches: [...nasKeys],
    isForm: true,
    done: (_, { name }) => t(client ? 'nases.changed' : 'nases.added', { name }),
    onDone: (added) => (added === undefined ? onClose() : setMade(added)),
  })
  const { field, values, set, errorOf } = useFields(initial, save.error)
  if (made) return <Added made={made} onClose={onClose} />
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(values)
  }
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={client ? t('nases.change', { name: client.name }) : t('nases.addClient')}
    >
      <form onSubmit={send}>
        <Stack gap="md">
          {!client && (
            <div className={classes.fields}>
              <TextInput label={t('nases.name')} required data-autofocus {...field('name')} />
              <TextInput
                label={t('nases.prefix')}
                description={t('nases.prefixHint')}
                required
                dir="ltr"
                {...field('address')}
              />
              <Select
                label={t('nases.vendor')}
                description={t('nases.clientVendorHint')}
                clearable
                data={vendors.map((value) => ({ value, label: value }))}
                value={values.vendor === '' ? null : values.vendor}
                error={errorOf('vendor')}
                onChange={(next) => set({ vendor: next ?? '' })}
              />
              <TextInput
                label={t('nases.secret')}
                description={t('nases.secretHint')}
                autoComplete="off"
                dir="ltr"
                {...field('secret')}
              />
            </div>
          )}
          <ClientPolicies client={client} field={field} values={values} set={set} errorOf={errorOf} />
          <ProblemNote error={save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button
              type="submit"
              loading={save.isPending}
              disabled={values.name.trim() === '' || values.address.trim() === ''}
            >
              {t(client ? 'act.save' : 'nases.addClient')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function Added({ made, onClose }: { made: Revealed & { name: string }; onClose(): void }) {
  const { t } = useTranslation()
  return (
    <Modal opened onClose={onClose} closeOnClickOutside={false} title={t('nases.added', { name: made.name })}>
      <NewSecret made={made} />
      <Group justify="flex-end" mt="md">
        <Button variant="default" renderRoot={(props) => <Link {...props} to="/nases" search={{ q: made.name }} />}>
          {t('nases.toDevices')}
        </Button>
        <Button onClick={onClose}>{t('act.close')}</Button>
      </Group>
    </Modal>
  )
}
