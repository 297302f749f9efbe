// What is typed into the form of a plan, and what is wrong with each of its fields: our obvious rules as soon as a field was
// touched, and the API's words until it is typed in again.
import { createContext, useContext, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { faultsOf } from './rules.ts'
import type { Values } from './values.ts'

export type PlanForm = {
  values: Values
  set(change: Partial<Values>): void
  /** Of a field by the API's name, such as `fup_steps.1.down_bps`. */
  errorOf(path: string): string | undefined
  /** What is told of a list as a whole. */
  isValid: boolean
  isReadOnly: boolean
  currency: string
  /** Everything that is wrong is shown from now on. */
  tryIt(): boolean
  reset(values: Values): void
}

const Context = createContext<PlanForm | undefined>(undefined)
export const PlanFormProvider = Context.Provider

export function usePlan(): PlanForm {
  const form = useContext(Context)
  if (form === undefined) throw new Error('not in a form of a plan')
  return form
}

type Asked = { initial: Values; error: Error | null; isReadOnly: boolean; currency: string }

export function usePlanForm({ initial, error, isReadOnly, currency }: Asked): PlanForm {
  const { t } = useTranslation()
  const [values, setValues] = useState(initial)
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set())
  const [mended, setMended] = useState<{ of: Error | null; names: ReadonlySet<string> }>({ of: null, names: new Set() })
  const [isTried, setTried] = useState(false)
  const faults = useMemo(() => faultsOf(values, t), [values, t])
  const told = error instanceof ApiError ? error.fields : {}
  const isValid = Object.keys(faults).length === 0
  return {
    values,
    isValid,
    isReadOnly,
    currency,
    set(change) {
      const names = Object.keys(change)
      setValues((before) => ({ ...before, ...change }))
      setTouched((before) => new Set([...before, ...names]))
      setMended((before) => ({ of: error, names: new Set([...(before.of === error ? before.names : []), ...names]) }))
    },
    errorOf(path) {
      const name = path.split('.')[0]!
      const isMended = mended.of === error && mended.names.has(name)
      return (isMended ? undefined : told[path]) ?? (isTried || touched.has(name) ? faults[path] : undefined)
    },
    tryIt() {
      setTried(true)
      return isValid
    },
    reset(next) {
      setValues(next)
      setTouched(new Set())
      setTried(false)
    },
  }
}
