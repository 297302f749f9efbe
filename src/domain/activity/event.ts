// What happened, as the live feed tells it: one plain value for a decision, a session, a CoA order, a deed, an alarm, a bulk
// run; and who may see it.

import type { Permission } from '../operator/permission.ts'
import type { Scope } from '../scope.ts'

export const topics = ['decisions', 'sessions', 'coa', 'audit', 'alarms', 'bulk'] as const
export type Topic = (typeof topics)[number]

/** What a topic needs beside `log.read`. */
export const topicPermissions: Readonly<Partial<Record<Topic, Permission>>> = {
  audit: 'audit.read',
  alarms: 'nas.read',
}

export type ActivityEvent = {
  topic: Topic
  kind: 'decision' | 'session-start' | 'session-stop' | 'coa' | 'audit' | 'alarm' | 'bulk'
  /** The same event told twice has the same key. */
  key: string
  at: Date
  subscriberId: bigint | null
  username: string | null
  /** The organisation whose event it is; null: nobody's in particular. */
  ownerId: bigint | null
  zone: string | null
  nasGroupId: bigint | null
  data: Readonly<Record<string, unknown>>
}

/** Whether a reader sees an event: as far as its organisation, the zones and the NAS groups of its team reach. */
export function eventInScope(event: ActivityEvent, scope: Scope): boolean {
  if (scope.ownerId !== undefined && event.ownerId !== scope.ownerId) return false
  const inGroup = event.nasGroupId !== null && (scope.nasGroupIds?.includes(event.nasGroupId) ?? false)
  if (scope.nasGroupIds !== undefined && event.nasGroupId !== null && !inGroup) return false
  // Alarms and bulk runs are of the whole ISP, not of a team's part.
  const isWhole = event.topic === 'alarms' || event.topic === 'bulk'
  if (isWhole) return scope.zones === undefined && scope.nasGroupIds === undefined
  if (scope.zones === undefined) return true
  if (event.subscriberId === null) return inGroup || event.topic === 'audit'
  return event.zone !== null && scope.zones.includes(event.zone)
}
