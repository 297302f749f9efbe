// The form of a subscriber as its inputs see it: what stands in each field, whether it may be written, and what is wrong with it:
// by the rules once it was left or sent, by the API after it was refused.
import { createContext, use, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFields } from '../../api/use-fields.ts'
import { useMe } from '../../sign-in/me.ts'
import { wrongFields, type Wrong } from './rules.ts'
import { fieldNames, type FieldName, type FormValues } from './values.ts'

export type FormMode = 'add' | 'edit'

export type SubscriberForm = {
  readonly mode: FormMode
  /** Of one that there is. */
  readonly id: number | undefined
  readonly values: FormValues
  readonly wrong: Wrong
  /** The fields that this person may write here. */
  readonly writable: readonly FieldName[]
  set(change: Partial<FormValues>): void
  errorOf(name: FieldName): string | undefined
  /** From now on what is wrong is said. */
  visit(name: FieldName): void
  /** Says all that is wrong; true where nothing is. */
  check(): boolean
}

const network: readonly FieldName[] = [
  'session_limit',
  'device_limit',
  'devices',
  'addresses',
  'routes',
  'bound_interface',
  'bound_port',
  'bound_s_vlan',
  'bound_c_vlan',
  'bound_nas_group',
  'circuit_id',
  'remote_id',
  'duid',
  'attributes',
]
/** Changed afterwards by actions, which tell the network and the books. */
const onlyAdded: readonly FieldName[] = ['plan', 'next_plan', 'owner', 'payer_id', 'comment']
const credential: readonly FieldName[] = ['username', 'password', 'credential']

function permissionsFor(name: FieldName, mode: FormMode): readonly string[] {
  if (network.includes(name)) return ['subscriber.network', ...(name === 'bound_nas_group' ? ['nas.read'] : [])]
  if (name === 'expires_at') return ['service.free']
  if (name === 'auto_renew') return ['service.renew']
  if (name === 'owner') return ['organisation.read']
  if (name === 'payer_id') return ['money.read']
  if (mode === 'add') return []
  if (name === 'account_type') return ['subscriber.network']
  return credential.includes(name) ? ['subscriber.credential'] : []
}

type Input = { mode: FormMode; id?: number; initial: FormValues; error: Error | null }

export function useSubscriberForm({ mode, id, initial, error }: Input): SubscriberForm {
  const { t } = useTranslation()
  const { permissions, organisation_kind: kind } = useMe()
  const fields = useFields<FormValues>(initial, error)
  const [visited, setVisited] = useState<ReadonlySet<FieldName>>(new Set())
  const [wasSent, setSent] = useState(false)
  const { values } = fields
  const writable = useMemo(
    () =>
      fieldNames
        .filter((name) => mode === 'add' || !onlyAdded.includes(name))
        .filter((name) => kind === 'isp' || name !== 'owner')
        .filter((name) => permissionsFor(name, mode).every((needed) => permissions.includes(needed))),
    [mode, kind, permissions],
  )
  const wrong = useMemo(() => wrongFields(values, mode === 'add' ? ['username', 'plan'] : ['username']), [values, mode])
  return {
    mode,
    id,
    values,
    wrong,
    writable,
    set: fields.set,
    errorOf(name) {
      const rule = wasSent || visited.has(name) ? wrong[name] : undefined
      return fields.errorOf(name) ?? (rule && t(`subscriberForm.rules.${rule}`))
    },
    visit: (name) => setVisited((before) => (before.has(name) ? before : new Set([...before, name]))),
    check() {
      setSent(true)
      return Object.keys(wrong).length === 0
    },
  }
}

const FormContext = createContext<SubscriberForm | null>(null)
export const FormProvider = FormContext.Provider

/** The form that an input stands in. */
export function useForm(): SubscriberForm {
  const form = use(FormContext)
  if (form === null) throw new Error('an input of a subscriber stands in its form')
  return form
}
