// Both ways in one text, download first, which stays in its order within a text from right to left.

const leftToRight = '\u2066'
const asItBegins = '\u2068'
const end = '\u2069'

export function flow(down: string, up: string): string {
  return isolate(`↓ ${down} ↑ ${up}`)
}

/** A number with its unit. */
export function isolate(text: string): string {
  return `${leftToRight}${text}${end}`
}

/** What the API tells in its own words holds instants as programs write them. */
export function withInstants(text: string, instant: (iso: string) => string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (iso) => `${asItBegins}${instant(iso)}${end}`)
}
