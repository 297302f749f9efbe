// A file that was chosen: what kind it is, its header and its first rows.
import { csvSample } from './csv-sample.ts'
import { xlsxSample } from './xlsx-sample.ts'

export type Sample = { header: readonly string[]; rows: readonly (readonly string[])[] }

const sampleRows = 3
const xlsxType = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** By its name, else by what it is said to be; undefined: neither CSV nor XLSX. */
export function typeOf(file: File): 'text/csv' | typeof xlsxType | undefined {
  if (/\.xlsx$/i.test(file.name) || file.type === xlsxType) return xlsxType
  if (/\.(csv|tsv|txt)$/i.test(file.name) || file.type.startsWith('text/')) return 'text/csv'
  return undefined
}

/** Undefined: it cannot be read here, and the check will say why. */
export async function sampleOf(file: File): Promise<Sample | undefined> {
  try {
    const [header, ...rows] = await (typeOf(file) === xlsxType ? xlsxSample : csvSample)(file, sampleRows + 1)
    return header === undefined ? undefined : { header, rows }
  } catch {
    return undefined
  }
}
