// The columns of migrations/0021: what RADIUS processes count of the NASes, for the NAS doctor.

/** The tables of 0021 by name. */
export type DoctorTables = {
  nas_tally: NasTallyTable
  answer_time: AnswerTimeTable
}

/** How often something happened in an hour: of a client, a NAS, or an address that nobody knows. */
export type NasTallyTable = {
  hour: Date
  kind: string
  client_id: bigint | null
  nas_id: bigint | null
  source: string | null
  count: bigint
  worst: bigint | null
  first_at: Date
  last_at: Date
}

/** How long answers took in a minute. */
export type AnswerTimeTable = {
  minute: Date
  instance: string
  kind: 'authentication' | 'accounting'
  answers: bigint
  p99_ms: number
}
