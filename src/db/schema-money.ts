// The columns of migrations/0009: the ledger and renewals.

/** The tables of 0009 by name. */
export type MoneyTables = Record<never, never>
