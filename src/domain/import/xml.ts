// As much of XML 1.0 as spreadsheets are written in, read as a stream: elements, attributes, text. No document type, so no
// entities but the five of the standard (billion laughs, files by entity), and nothing is longer than it needs to be.

import { ImportFileError, maximumRecord } from './file-error.ts'

export type XmlHandler = {
  /** `name` without its prefix; `attribute` by name as it was written. */
  open(name: string, attribute: (name: string) => string | undefined): void
  text(text: string): void
  close(name: string): void
}

export type XmlReader = {
  write(chunk: Uint8Array): void
  /** Throws ImportFileError where the document has not ended. */
  end(): void
}

const maximumDepth = 40

/** A reader that calls the handler as it goes. Throws ImportFileError for what it does not read. */
export function createXmlReader(handler: XmlHandler): XmlReader {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  let depth = 0

  const element = (tag: string): void => {
    const isEmpty = tag.endsWith('/')
    const inside = isEmpty ? tag.slice(0, -1) : tag
    const length = inside.search(/\s/)
    const name = localName(length === -1 ? inside : inside.slice(0, length))
    handler.open(name, (attribute) => attributeOf(inside, attribute))
    if (isEmpty) handler.close(name)
    else if ((depth += 1) > maximumDepth) throw broken('it is nested too deeply')
  }
  const markup = (tag: string): void => {
    const first = tag[0]
    if (first === '/') {
      depth -= 1
      handler.close(localName(tag.slice(1).trim()))
    } else if (first === '!') throw broken('it declares a document type')
    else if (first !== '?') element(tag)
  }

  const read = (text: string): string => {
    let at = 0
    for (;;) {
      const open = text.indexOf('<', at)
      if (open === -1) break
      if (open > at) handler.text(decodeEntities(text.slice(at, open)))
      const special = specialMarkup(text, open, handler)
      if (special === undefined) return text.slice(open)
      if (special > 0) {
        at = special
        continue
      }
      const close = text.indexOf('>', open)
      if (close === -1) return text.slice(open)
      markup(text.slice(open + 1, close))
      at = close + 1
    }
    // An entity or a text may go on in the next chunk.
    return text.slice(at)
  }

  return {
    write(chunk) {
      rest = read(rest + decode(decoder, chunk))
      if (rest.length > 2 * maximumRecord) throw broken('a text or tag in it is too long')
    },
    end() {
      rest += decode(decoder, undefined)
      if (depth !== 0 || rest.trim() !== '') throw broken('it is cut off')
    },
  }
}

/** Where a comment or CDATA that begins here ends; 0: it is neither; undefined: its end is not here yet. */
function specialMarkup(text: string, open: number, handler: XmlHandler): number | undefined {
  if (text[open + 1] !== '!') return 0
  if (text.length < open + 9) return undefined
  const [start, end] = text.startsWith('<!--', open)
    ? [4, '-->']
    : text.startsWith('<![CDATA[', open)
      ? [9, ']]>']
      : [0, '']
  if (start === 0) return 0
  const close = text.indexOf(end, open + start)
  if (close === -1) return undefined
  if (start === 9) handler.text(text.slice(open + start, close))
  return close + end.length
}

function broken(why: string): ImportFileError {
  return new ImportFileError(1, `the file is no spreadsheet that can be read: ${why}`)
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array | undefined): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined })
  } catch {
    throw broken('it is not UTF-8')
  }
}

function localName(name: string): string {
  const colon = name.indexOf(':')
  return colon === -1 ? name : name.slice(colon + 1)
}

const patterns = new Map<string, RegExp>()

/** Attributes are few: looked for when asked for. */
function attributeOf(tag: string, name: string): string | undefined {
  let pattern = patterns.get(name)
  if (pattern === undefined) {
    pattern = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`)
    patterns.set(name, pattern)
  }
  const match = pattern.exec(tag)
  const value = match?.[1] ?? match?.[2]
  return value === undefined ? undefined : decodeEntities(value)
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replaceAll(/&([^;&]{0,10});?/g, (whole, entity: string) => {
    const character = named[entity] ?? numbered(entity)
    if (character === undefined || !whole.endsWith(';')) throw broken('it uses an entity that is not known')
    return character
  })
}

function numbered(entity: string): string | undefined {
  const match = /^#(?:x([0-9A-Fa-f]{1,6})|(\d{1,7}))$/.exec(entity)
  if (match === null) return undefined
  const code = match[1] === undefined ? Number(match[2]) : Number.parseInt(match[1], 16)
  return code > 0x10_ffff ? undefined : String.fromCodePoint(code)
}
