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

/** An IPoE line: its device is all that tells whose it is. */
export function benchmarkLine(number: number): { username: string; mac: string } {
  const { username, mac } = benchmarkSubscriber(number)
  return { username: username.replace('line', 'ipoe'), mac: mac.replace('02', '06') }
}

/** How many of them there are beside the others: `auth-ipoe` renews these. */
export const benchmarkLines = 20_000

/** An import takes 250,000 rows at most. */
const rowsPerFile = 200_000

/** The files that `subscriber import` reads: subscribers whose service period runs, as most of an ISP's are, and IPoE lines. */
export function* subscriberFiles(count: number, plan: string): Generator<string> {
  const expires = `${new Date().getUTCFullYear() + 1}-12-31`
  const lines = Math.min(count, benchmarkLines)
  const row = (at: number): string => {
    if (at < lines) {
      const { username, mac } = benchmarkLine(at)
      return `${username},,${plan},${expires},ipoe,${mac}\n`
    }
    const { username, password } = benchmarkSubscriber(at - lines)
    return `${username},${password},${plan},${expires},pppoe,\n`
  }
  for (let first = 0; first < count + lines; first += rowsPerFile) {
    const rows = Array.from({ length: Math.min(rowsPerFile, count + lines - first) }, (_, at) => row(first + at))
    yield `username,password,plan,expires_at,account_type,bound_macs\n${rows.join('')}`
  }
}
