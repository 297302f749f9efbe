// What a User-Agent names, as people call it: `Firefox · Windows`.
const browsers = [
  ['Edg', 'Edge'],
  ['OPR', 'Opera'],
  ['Firefox', 'Firefox'],
  ['Chrom', 'Chrome'],
  ['Safari', 'Safari'],
] as const
const systems = [
  ['Android', 'Android'],
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Windows', 'Windows'],
  ['Mac OS X', 'macOS'],
  ['Linux', 'Linux'],
] as const

/** Undefined where there is none; the whole of it where it names no browser. */
export function browserOf(userAgent: string | null): string | undefined {
  if (userAgent === null || userAgent === '') return undefined
  const named = [browsers, systems].flatMap((list) => list.find(([sign]) => userAgent.includes(sign))?.[1] ?? [])
  return named.length === 0 ? userAgent : named.join(' · ')
}
