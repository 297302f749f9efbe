// The presets of new subscribers: fields under a name.
import { queryOptions } from '@tanstack/react-query'
import { getSubscriberPresets } from '../../api/generated/sdk.gen.ts'
import type { GetSubscriberPresetsResponse } from '../../api/generated/types.gen.ts'

export type Preset = GetSubscriberPresetsResponse['items'][number]

export const presetList = queryOptions({
  queryKey: ['subscriber-presets'],
  queryFn: async () => (await getSubscriberPresets({ throwOnError: true })).data.items,
  staleTime: 60_000,
})
