// How this ISP writes times: its zone, and the format that its settings name. Known once somebody is signed in; until then the
// browser's zone and the language's own format.

/** As the language does, MM-DD-YYYY HH:MM, or YYYY-MM-DD HH:MM. */
export type DateStyle = 'locale' | 'month-first' | 'iso'
export type HouseStyle = { zone: string | undefined; dateFormat: DateStyle }

let style: HouseStyle = { zone: undefined, dateFormat: 'locale' }
const listeners = new Set<() => void>()

export function houseStyle(): HouseStyle {
  return style
}

export function setHouseStyle(next: HouseStyle): void {
  if (next.zone === style.zone && next.dateFormat === style.dateFormat) return
  style = next
  for (const listener of listeners) listener()
}

export function onHouseStyle(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
