// Dates in spreadsheets: numbers of days that a number format shows as dates (ECMA-376 §18.8.30, §18.17.4.1).

import type { XmlHandler } from './xml.ts'

/** Built-in formats of dates and times. */
const builtInDates = new Set([14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 46, 47])
const dayMs = 86_400_000

/** Reads a style sheet: which styles of cells show dates. */
export function dateStyles(): Pick<XmlHandler, 'open' | 'close'> & { found: ReadonlySet<number> } {
  const found = new Set<number>()
  const formats = new Set(builtInDates)
  let style = 0
  let isCellFormats = false
  return {
    found,
    open(name, attribute) {
      if (name === 'numFmt' && isDateFormat(attribute('formatCode') ?? '')) formats.add(Number(attribute('numFmtId')))
      if (name === 'cellXfs') isCellFormats = true
      if (name !== 'xf' || !isCellFormats) return
      if (formats.has(Number(attribute('numFmtId') ?? 0))) found.add(style)
      style += 1
    },
    close(name) {
      if (name === 'cellXfs') isCellFormats = false
    },
  }
}

function isDateFormat(code: string): boolean {
  const bare = code.replaceAll(/"[^"]*"|\\.|\[[^\]]*\]/g, '')
  return /[ymdhs]/i.test(bare) && !/general/i.test(bare)
}

/** A serial number as local wall time, `2027-01-31` or `2027-01-31T18:00:00`; as number where it is no time that we know. */
export function createDateReader(since1904: boolean): (serial: number) => string {
  // Excel counts a 29th of February 1900 that never was; from March on this is right.
  const start = since1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, 30)
  return (serial) => {
    if (serial < 61 || serial > 2_958_465) return String(serial)
    const text = new Date(start + Math.round((serial * dayMs) / 1000) * 1000).toISOString()
    return Number.isInteger(serial) ? text.slice(0, 10) : text.slice(0, 19)
  }
}
