// The columns of migrations/0015: scheduled reports.

/** The tables of 0015 by name. */
export type ReportTables = Record<never, never>
