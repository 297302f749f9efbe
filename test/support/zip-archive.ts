// Zip archives and spreadsheets as honest as a test wants them: what the directory says of a part may be a lie.

import { crc32, deflateRawSync } from 'node:zlib'

export type Part = {
  name: string
  text: string | Buffer
  /** What the directory says of its size, in place of the truth. */
  size?: number
  method?: number
  flags?: number
  /** Where the directory says that it is. */
  offset?: number
}

/** A zip archive, as honest as its parts. */
export function zip(parts: readonly Part[], comment = ''): Buffer {
  const files: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const part of parts) {
    const plain = Buffer.from(part.text as string)
    const packed = part.method === 0 ? plain : deflateRawSync(plain)
    const name = Buffer.from(part.name)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x0403_4b50, 0)
    local.writeUInt16LE(part.method ?? 8, 8)
    local.writeUInt16LE(name.length, 26)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x0201_4b50, 0)
    central.writeUInt16LE(part.flags ?? 0, 8)
    central.writeUInt16LE(part.method ?? 8, 10)
    central.writeUInt32LE(crc32(plain), 16)
    central.writeUInt32LE(packed.length, 20)
    central.writeUInt32LE(part.size ?? plain.length, 24)
    central.writeUInt16LE(name.length, 28)
    central.writeUInt32LE(part.offset ?? offset, 42)
    files.push(local, name, packed)
    directory.push(central, name)
    offset += local.length + name.length + packed.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x0605_4b50, 0)
  end.writeUInt16LE(parts.length, 8)
  end.writeUInt16LE(parts.length, 10)
  end.writeUInt32LE(listed.length, 12)
  end.writeUInt32LE(offset, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...files, listed, end, Buffer.from(comment)])
}

export const workbook = '<workbook xmlns:r="x"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>'
export const relations =
  '<Relationships><Relationship Id="rId1" Type="worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
/** A sheet of these rows. */
export const sheetOf = (rows: string) => `<worksheet><sheetData>${rows}</sheetData></worksheet>`

/** A spreadsheet of these rows, with these other parts. */
export function book(sheet: Part['text'], more: readonly Part[] = [], changes: Partial<Part> = {}): Buffer {
  return zip([
    { name: 'xl/workbook.xml', text: workbook },
    { name: 'xl/_rels/workbook.xml.rels', text: relations },
    { name: 'xl/worksheets/sheet1.xml', text: sheet, ...changes },
    ...more,
  ])
}
