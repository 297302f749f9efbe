// The columns of migrations/0014: messages out and webhooks.

/** The tables of 0014 by name. */
export type MessageTables = Record<never, never>
