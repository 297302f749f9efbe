// The routes of the portal, typed as they are generated. Called by hand: the generated calls are one file with those of the whole
// panel, which a phone has no use for. The client is set up by api/client.ts, which portal-app.tsx has loaded.
import { client } from '../api/generated/client.gen.ts'
import type {
  GetPortalMeResponses,
  GetPortalServiceResponses,
  GetPortalSessionsData,
  GetPortalSessionsResponses,
  GetPortalUsageData,
  GetPortalUsageResponses,
  PostPortalPasswordData,
  PostPortalSecondFactorConfirmData,
  PostPortalSecondFactorResponses,
  PostPortalSignInData,
} from '../api/generated/types.gen.ts'

const json = { 'Content-Type': 'application/json' }

async function read<Responses extends Record<200, unknown>>(url: string, query?: object): Promise<Responses[200]> {
  const { data } = await client.get<Responses, unknown, true>({ url, query: { ...query }, throwOnError: true })
  return data
}

async function send(url: string, body?: object): Promise<unknown> {
  const { data } = await client.post<Record<200, unknown>, unknown, true>({
    url,
    ...(body && { body, headers: json }),
    throwOnError: true,
  })
  return data
}

export const portalApi = {
  me: () => read<GetPortalMeResponses>('/portal/me'),
  service: () => read<GetPortalServiceResponses>('/portal/service'),
  usage: (query: GetPortalUsageData['query']) => read<GetPortalUsageResponses>('/portal/usage', query),
  sessions: (query: GetPortalSessionsData['query']) => read<GetPortalSessionsResponses>('/portal/sessions', query),
  signIn: (body: PostPortalSignInData['body']) => send('/portal/sign-in', body),
  signOut: () => client.delete({ url: '/portal/sign-in', throwOnError: true }),
  changePassword: (body: PostPortalPasswordData['body']) => send('/portal/password', body),
  enrol: () => send('/portal/second-factor') as Promise<PostPortalSecondFactorResponses[201]>,
  confirm: (body: PostPortalSecondFactorConfirmData['body']) => send('/portal/second-factor/confirm', body),
}
