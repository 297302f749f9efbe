// The columns of migrations/0010: bulk runs.

/** The tables of 0010 by name. */
export type BulkTables = Record<never, never>
