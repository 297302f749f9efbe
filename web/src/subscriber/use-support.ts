// What support does beside the actions: the portal opened in the subscriber's place, its password and second factor, all that is
// kept of the person. None of it is about the line.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  deleteSubscribersIdPortalSecondFactor,
  getSubscribersIdPersonalData,
  postSubscribersIdPortalPassword,
  postSubscribersIdPortalSession,
} from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { saveBlob } from '../subscribers/save-file.ts'

export const supportKinds = ['portal', 'portal-password', 'second-factor', 'personal-data'] as const
export type SupportKind = (typeof supportKinds)[number]

export const supportNeeds: Record<SupportKind, string> = {
  portal: 'portal.impersonate',
  'portal-password': 'subscriber.credential',
  'second-factor': 'subscriber.credential',
  'personal-data': 'subscriber.purge',
}

export type Support = ReturnType<typeof useSupport>

export function useSupport({ id, username }: { id: number; username: string }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState<SupportKind>()
  const [password, setPassword] = useState<string>()
  const path = { id: String(id) }
  const close = () => setOpen(undefined)
  const portal = useAct({
    run: () => postSubscribersIdPortalSession({ path, throwOnError: true }),
    touches: [['subscriber', id]],
    // A browser may forbid a window that no click opened just now: then it is opened by the button of the dialog.
    onDone: () => setOpen(globalThis.open('/portal', '_blank') === null ? 'portal' : undefined),
  })
  const newPassword = useAct({
    run: async () => (await postSubscribersIdPortalPassword({ path, throwOnError: true })).data,
    touches: [['subscriber', id]],
    isForm: true,
    onDone: ({ password: made }) => {
      close()
      setPassword(made)
    },
  })
  const secondFactor = useAct({
    run: () => deleteSubscribersIdPortalSecondFactor({ path, throwOnError: true }),
    touches: [['subscriber', id]],
    isForm: true,
    done: () => t('subscriber.support.wasReset', { name: username }),
    onDone: close,
  })
  const personalData = useAct({
    run: async () => (await getSubscribersIdPersonalData({ path, throwOnError: true })).data,
    touches: [],
    onDone: (data) =>
      saveBlob(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }), `${username}.json`),
  })
  return {
    open,
    close,
    password,
    forgetPassword: () => setPassword(undefined),
    newPassword,
    secondFactor,
    begin(kind: SupportKind): void {
      if (kind === 'portal') portal.mutate(undefined)
      else if (kind === 'personal-data') personalData.mutate(undefined)
      else setOpen(kind)
    },
  }
}
