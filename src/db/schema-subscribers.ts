// The columns of migrations/0007: comments and what else belongs to a subscriber.

/** The tables of 0007 by name. */
export type SubscriberTables = Record<never, never>
