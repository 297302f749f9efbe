// The columns of migrations/0006: signing in: setup, reset and recovery.

/** The tables of 0006 by name. */
export type SignInTables = Record<never, never>
