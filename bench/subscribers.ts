// The subscribers of the benchmark, by number: the same names, passwords and MACs for every server and for the generator.

export type BenchmarkSubscriber = {
  username: string
  password: string
  /** As a PPPoE NAS sends it in Calling-Station-Id. */
  mac: string
}

/** All texts have the same length whatever the number (0 to 9,999,999): packets are patched in place. */
export function benchmarkSubscriber(number: number): BenchmarkSubscriber {
  const digits = String(number).padStart(7, '0')
  const hex = number.toString(16).toUpperCase().padStart(6, '0')
  return {
    username: `line${digits}`,
    password: `pass-${digits}-word`,
    mac: `02:00:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}`,
  }
}

/** The file that `subscriber import` reads: subscribers whose service period runs, as most of an ISP's are. */
export function subscribersCsv(count: number, plan: string): string {
  const expires = `${new Date().getUTCFullYear() + 1}-12-31`
  const rows = Array.from({ length: count }, (_, at) => {
    const { username, password } = benchmarkSubscriber(at)
    return `${username},${password},${plan},${expires}\n`
  })
  return `username,password,plan,expires_at\n${rows.join('')}`
}
