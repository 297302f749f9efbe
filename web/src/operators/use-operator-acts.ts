// What is done to one operator: at once with Undo where there is an inverse, else after a confirmation (operator-asked.tsx).
import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import {
  deleteOperatorsId,
  deleteOperatorsIdPanelSessions,
  deleteOperatorsIdSecondFactor,
  patchOperatorsId,
  postOperatorsIdResetPassword,
  postOperatorsIdViewAs,
} from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import type { OperatorRow } from './operator-columns.tsx'

const touches = [['operators'], ['api-tokens']]
const pathOf = ({ id }: OperatorRow) => ({ id: String(id) })

function setEnabled(operator: OperatorRow, enabled: boolean) {
  return patchOperatorsId({ path: pathOf(operator), body: { enabled }, throwOnError: true })
}

/** Enabled or disabled, and the other way round by Undo. Whoever was signed out stays out. */
export function useToggleOperator() {
  const { t } = useTranslation()
  return useAct({
    run: (operator: OperatorRow) => setEnabled(operator, !operator.enabled),
    touches,
    done: (_answer, { name, enabled }) => t(enabled ? 'operators.wasDisabled' : 'operators.wasEnabled', { name }),
    undo: (_answer, operator) => () => setEnabled(operator, operator.enabled),
  })
}

/** What is asked about first; each says itself when it is done, or shows what came of it. */
export function useAskedActs(onDone: () => void, onPassword: (password: string) => void) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const remove = useAct({
    run: async (operator: OperatorRow) => {
      await deleteOperatorsId({ path: pathOf(operator), throwOnError: true })
    },
    touches,
    isForm: true,
    done: (_nothing, { name }) => t('operators.wasDeleted', { name }),
    onDone,
  })
  const reset = useAct({
    run: async (operator: OperatorRow) =>
      (await postOperatorsIdResetPassword({ path: pathOf(operator), throwOnError: true })).data.password,
    touches,
    isForm: true,
    onDone: onPassword,
  })
  const factor = useAct({
    run: async (operator: OperatorRow) => {
      await deleteOperatorsIdSecondFactor({ path: pathOf(operator), throwOnError: true })
    },
    touches,
    isForm: true,
    done: (_nothing, { name }) => t('operators.wasReset', { name }),
    onDone,
  })
  const signOut = useAct({
    run: async (operator: OperatorRow) =>
      (await deleteOperatorsIdPanelSessions({ path: pathOf(operator), throwOnError: true })).data.ended,
    touches,
    isForm: true,
    done: (count, { name }) => t('operators.wasSignedOut', { count, name }),
    onDone,
  })
  const viewAs = useAct({
    run: async (operator: OperatorRow) => {
      await postOperatorsIdViewAs({ path: pathOf(operator), throwOnError: true })
    },
    touches: [],
    isForm: true,
    onDone: () => {
      // Other eyes: nothing that was read holds any more.
      queries.clear()
      window.location.assign('/')
    },
  })
  return { delete: remove, reset, factor, signOut, viewAs }
}
export type AskedName = keyof ReturnType<typeof useAskedActs>
