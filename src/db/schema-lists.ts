// The columns of migrations/0008: what lists sort and filter by, saved views.

/** The tables of 0008 by name. */
export type ListTables = Record<never, never>
