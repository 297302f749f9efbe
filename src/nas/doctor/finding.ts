// What the NAS doctor says: one finding for each thing that it looked at, good or bad, with what mends it. Plain JSON.

export const severities = ['fault', 'warning', 'ok'] as const
export type Severity = (typeof severities)[number]

export type FindingCode =
  | 'never-heard'
  | 'wrong-secret'
  | 'neighbour-secret'
  | 'unknown-source'
  | 'unknown-device'
  | 'unnamed-reboot'
  | 'unsigned'
  | 'patience'
  | 'repeats'
  | 'clock'
  | 'shared-client'
  | 'no-accounting'
  | 'no-interims'
  | 'irregular-interims'
  | 'coa-unreachable'
  | 'coa-secret'
  | 'source-refused'
  | 'coa'
  | `router-${
      | 'unreachable'
      | 'part'
      | 'radius-row'
      | 'radius-rows'
      | 'services'
      | 'timeout'
      | 'message-auth'
      | 'accounting-port'
      | 'source-address'
      | 'bad-replies'
      | 'incoming'
      | 'ppp-aaa'
      | 'ppp-interim'
      | 'dhcp'
      | 'lease-time'
      | 'arp'
      | 'identity'
      | 'clock'
      | 'version'}`

export type Finding = {
  readonly code: FindingCode
  /** `fault`: subscribers are, or will be, without service or without control; `warning`: it works, and should not stay so. */
  readonly severity: Severity
  readonly sentence: string
  /** What to type or write to mend it, for this vendor; else in words. Undefined where there is nothing to mend. */
  readonly mend?: string
  /** What it was judged by. Instants are ISO 8601. */
  readonly evidence?: Readonly<Record<string, string | number | boolean>>
}

/** What could not be looked at, why, and the command after which it can be. */
export type NotSeen = { readonly what: string; readonly why: string; readonly mend?: string }

/** Of one NAS at one moment. */
export type Diagnosis = {
  readonly nas: string
  readonly vendor: string
  readonly at: string
  /** The worst of all findings. */
  readonly severity: Severity
  /** The worst first. */
  readonly findings: readonly Finding[]
  readonly notSeen: readonly NotSeen[]
}

/** The worst first; what is equally bad stays in its order. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))
}

/** Evidence without what is not known, and instants as text. */
export function evidenceOf(
  facts: Readonly<Record<string, string | number | boolean | Date | undefined>>,
): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value instanceof Date ? value.toISOString() : value]],
    ),
  )
}
