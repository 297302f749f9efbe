// Both ways in one text, download first, which stays in its order within a text from right to left.

const leftToRight = '\u2066'
const end = '\u2069'

export function flow(down: string, up: string): string {
  return isolate(`↓ ${down} ↑ ${up}`)
}

/** A number with its unit. */
export function isolate(text: string): string {
  return `${leftToRight}${text}${end}`
}
