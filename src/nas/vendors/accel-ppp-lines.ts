// The lines of accel-ppp.conf that both the script and the doctor name, each in one place.

/** Where orders come in: in section [radius]. */
export function daeServerLine(own: string, port: number, secret: string): string {
  return `dae-server=${own}:${port},${secret}`
}

/** How often sessions are reported whose accept names no interval. */
export function interimLine(seconds: number): string {
  return `acct-interim-interval=${seconds}`
}

/** How long one try waits, in whole seconds. */
export function timeoutLine(patienceMs: number): string {
  return `timeout=${Math.ceil(Math.max(1000, patienceMs) / 1000)}`
}

/** What the NAS calls itself. */
export function identifierLine(identifier: string): string {
  return `nas-identifier=${identifier}`
}

/** Signs requests (CVE-2024-3596). */
export const signLine = 'blast-protection=1'
