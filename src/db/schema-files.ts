// The columns of migrations/0012: imports and exports in the background.

/** The tables of 0012 by name. */
export type FileTables = Record<never, never>
