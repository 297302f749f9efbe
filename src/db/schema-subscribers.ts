// The columns of migrations/0007: comments and what else belongs to a subscriber.

import type { Generated } from 'kysely'

/** The tables of 0007 by name. */
export type SubscriberTables = {
  subscriber_comment: SubscriberCommentTable
  subscriber_preset: SubscriberPresetTable
}

/** What the staff noted about a subscriber. */
export type SubscriberCommentTable = {
  id: Generated<bigint>
  subscriber_id: bigint
  text: string
  author_name: string
  operator_id: bigint | null
  created_at: Date
}

/** Fields of a new subscriber under a name. */
export type SubscriberPresetTable = {
  id: Generated<bigint>
  owner_id: bigint | null
  name: string
  fields: unknown
  created_at: Date
  updated_at: Date
}
