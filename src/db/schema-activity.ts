// The columns of migrations/0013: the audit chain and disclosures.

/** The tables of 0013 by name. */
export type ActivityTables = Record<never, never>
