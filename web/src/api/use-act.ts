// Doing something: what it touched is read again, what became of it is said, and where there is a way back it is offered.
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { withProof } from '../shell/proof.tsx'
import { showDone } from '../shell/done-note.tsx'
import { ApiError } from './client.ts'

type Act<Input, Result> = {
  run(input: Input): Promise<Result>
  /** What is said when it is done; nothing is said without it. */
  done?(result: Result, input: Input): string
  /** The way back, offered beside it. */
  undo?(result: Result, input: Input): (() => Promise<unknown>) | undefined
  /** What is no longer as it was read: the first words of its keys. */
  touches: readonly QueryKey[]
  /** A form shows itself what is wrong with its fields. */
  isForm?: boolean
  onDone?(result: Result, input: Input): void
}

export function useAct<Input, Result>(act: Act<Input, Result>) {
  const queries = useQueryClient()
  const { t } = useTranslation()
  const readAgain = () => Promise.all(act.touches.map((queryKey) => queries.invalidateQueries({ queryKey })))
  return useMutation({
    mutationFn: (input: Input) => withProof(() => act.run(input)),
    onSuccess: (result, input) => {
      void readAgain()
      const way = act.undo?.(result, input)
      const undo = way && (() => withProof(way).then(readAgain, tell))
      const message = act.done?.(result, input)
      if (message !== undefined) showDone({ message, undo, undoLabel: t('act.undo') })
      act.onDone?.(result, input)
    },
    onError: (error) => {
      if (act.isForm !== true) tell(error)
    },
  })
  function tell(error: unknown): void {
    const message = error instanceof ApiError ? error.problem.detail : t('problem.noAnswer')
    notifications.show({ color: 'red', title: t('problem.title'), message, autoClose: 10_000 })
  }
}
