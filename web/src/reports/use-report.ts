// The answers of reports. They count whole days, so that an answer is good for some minutes.
import { queryOptions, useQuery } from '@tanstack/react-query'
import { getReports, getReportsName } from '../api/generated/sdk.gen.ts'
import type { GetReportsNameData, GetReportsNameResponse } from '../api/generated/types.gen.ts'

export type ReportAnswer = GetReportsNameResponse
export type ReportRow = ReportAnswer['rows'][number]
export type ReportColumn = ReportAnswer['columns'][number]
export type ReportQuery = NonNullable<GetReportsNameData['query']>

const goodMs = 5 * 60_000

export const reportList = queryOptions({
  queryKey: ['reports'],
  queryFn: async () => (await getReports({ throwOnError: true })).data.items,
  staleTime: 60 * 60_000,
})

export function useReport(name: string, query: ReportQuery, isWanted = true) {
  return useQuery({
    queryKey: ['report', name, query],
    queryFn: async ({ signal }) => (await getReportsName({ path: { name }, query, signal, throwOnError: true })).data,
    staleTime: goodMs,
    enabled: isWanted,
    placeholderData: (before) => (before?.name === name ? before : undefined),
  })
}
