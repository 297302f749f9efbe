// Leaving. Who looked through another operator's eyes is back in their own session; nothing of what the other saw is kept.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { deleteSignIn } from '../api/generated/sdk.gen.ts'
import { forgetLive } from '../live/stream.ts'
import { whoIsThere } from './me.ts'

export function useSignOut() {
  const queries = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: () => deleteSignIn({ throwOnError: true }),
    onSuccess: async () => {
      forgetLive()
      const who = await queries.fetchQuery({ ...whoIsThere, staleTime: 0 })
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== whoIsThere.queryKey[0] })
      if (who !== null) await navigate({ to: '/' })
    },
  })
}
