// What the doctor answers: the API gives the result of a run as it is, so its form is checked here.
import { z } from 'zod/mini'

const severity = z.enum(['fault', 'warning', 'ok'])
const finding = z.object({
  code: z.string(),
  severity,
  sentence: z.string(),
  mend: z.optional(z.string()),
  evidence: z.optional(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
})
const diagnosis = z.object({
  severity,
  findings: z.array(finding),
  not_seen: z.array(z.object({ what: z.string(), why: z.string(), mend: z.optional(z.string()) })),
})

export type Severity = z.infer<typeof severity>
export type Finding = z.infer<typeof finding>
export type Diagnosis = z.infer<typeof diagnosis>

export function readDiagnosis(result: unknown): Diagnosis | undefined {
  const read = diagnosis.safeParse(result)
  return read.success ? read.data : undefined
}
