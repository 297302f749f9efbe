import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createXmlReader } from '../../../src/domain/import/xml.ts'

/** What a document says, as `<name a=…>`, `text`, `</name>`. */
function eventsOf(document: string | Uint8Array, piece = 1_000_000, attributes: readonly string[] = []): string[] {
  const events: string[] = []
  const reader = createXmlReader({
    open(name, attribute) {
      const shown = attributes.map((one) => ` ${one}=${attribute(one) ?? '-'}`).join('')
      events.push(`<${name}${shown}>`)
    },
    text(text) {
      const last = events.at(-1)
      if (last?.startsWith('"') === true) events[events.length - 1] = last + text
      else events.push(`"${text}`)
    },
    close: (name) => events.push(`</${name}>`),
  })
  const octets = Buffer.from(document as string)
  for (let at = 0; at < octets.length; at += piece) reader.write(octets.subarray(at, at + piece))
  reader.end()
  return events
}

describe('a document', () => {
  it('is elements without their prefixes, attributes as they were written, and text', () => {
    const document = `<?xml version="1.0"?><x:a r='1' s = "2&lt;" t="it's"><b/>text<x:c></x:c ></x:a>`
    expect(eventsOf(document, 1_000, ['r', 's', 't', 'q'])).toEqual([
      "<a r=1 s=2< t=it's q=->",
      '<b r=- s=- t=- q=->',
      '</b>',
      '"text',
      '<c r=- s=- t=- q=->',
      '</c>',
      '</a>',
    ])
  })

  it('is the same however it is cut, in the middle of a tag, an entity or a character', () => {
    const document = '<a b="ä€😀"><!-- <c> --><![CDATA[<&>]]>ä&amp;😀&#x20AC;\r\n<c/></a>'
    const whole = eventsOf(document, 1_000, ['b'])
    expect(whole).toEqual(['<a b=ä€😀>', '"<&>ä&😀€\r\n', '<c b=->', '</c>', '</a>'])
    for (const piece of [1, 2, 3, 5, 7]) expect(eventsOf(document, piece, ['b'])).toEqual(whole)
  })

  it('knows the five entities, and characters by number up to the last', () => {
    expect(eventsOf('<a>&amp;&lt;&gt;&quot;&apos;&#65;&#x1F600;&#x10FFFF;</a>')[1]).toBe(`"&<>"'A😀\u{10FFFF}`)
    for (const entity of ['&nbsp;', '&#x110000;', '&#xFFFFFF;', '&#;', '&#x;', '&#-1;', '&;', '& ', '&amp', '&lol9;']) {
      expect(() => eventsOf(`<a>${entity}</a>`)).toThrow('an entity that is not known')
      expect(() => eventsOf(`<a b="${entity}"/>`, 1_000, ['b'])).toThrow('an entity that is not known')
    }
  })

  it('may have an attribute whose name ends as another', () => {
    expect(eventsOf('<c xr="1" r="2"/>', 1_000, ['r'])).toEqual(['<c r=2>', '</c>'])
    expect(eventsOf('<c\n\tr="2"\n/>', 1_000, ['r'])).toEqual(['<c r=2>', '</c>'])
  })
})

describe('what is not read', () => {
  it.each([
    ['a document type', '<!DOCTYPE html><a/>', 'a document type'],
    ['an entity declaration', '<!ENTITY x SYSTEM "file:///etc/passwd"><a/>', 'a document type'],
    ['an element that is never closed', '<a><b></b>', 'cut off'],
    ['a tag that is cut off', '<a></a', 'cut off'],
    ['a comment without an end', '<a/><!-- ', 'cut off'],
    ['CDATA without an end', '<a><![CDATA[x</a>', 'cut off'],
    ['text behind the end', '<a/>more', 'cut off'],
    ['41 elements inside of each other', '<a>'.repeat(41), 'nested too deeply'],
    ['an element that closes what is not open', '</a></a>', 'cut off'],
  ])('%s', (_what, document, reason) => {
    for (const piece of [1, 1_000]) expect(() => eventsOf(document, piece)).toThrow(reason)
  })

  it('40 elements inside of each other are', () => {
    expect(eventsOf(`${'<a>'.repeat(40)}${'</a>'.repeat(40)}`)).toHaveLength(80)
  })

  it.each([
    ['cut off at the end', Buffer.from('<a>ä</a>').subarray(0, 4)],
    ['overlong', Buffer.from([0x3c, 0x61, 0x3e, 0xc0, 0xaf])],
    ['a surrogate', Buffer.from([0x3c, 0x61, 0x3e, 0xed, 0xa0, 0x80])],
    ['UTF-16', Buffer.from('\uFEFF<a/>', 'utf16le')],
  ])('UTF-8 that is none: %s', (_what, octets) => {
    expect(() => eventsOf(octets)).toThrow('not UTF-8')
  })

  it.each([
    ['a tag', '<a '],
    ['a comment', '<a><!--'],
    ['CDATA', '<a><![CDATA['],
  ])('%s without end, of which no more is kept than a tag may have', (_what, start) => {
    const reader = createXmlReader({ open: () => undefined, text: () => undefined, close: () => undefined })
    reader.write(Buffer.from(start))
    let sent = 0
    const feed = () => {
      for (; sent < 1_000; sent += 1) reader.write(Buffer.alloc(10_000, 'x'))
    }
    expect(feed).toThrow('too long')
    expect(sent).toBeLessThan(20)
  })

  it('anything at all: it is events or a reason', () => {
    const part = fc.constantFrom(
      '<a>',
      '</a>',
      '<a',
      '>',
      '/>',
      '&',
      ';',
      '#x',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '"',
      ' r=',
      'ä',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), (parts, piece) => {
        try {
          eventsOf(parts.join(''), piece, ['r'])
        } catch (error) {
          expect((error as Error).name).toBe('ImportFileError')
        }
      }),
      { numRuns: 500 },
    )
  })

  it('comes to its end quickly, whatever it is made of', () => {
    const begun = process.cpuUsage()
    for (const text of [' '.repeat(60_000), ' r'.repeat(30_000), ' r='.repeat(20_000), 'x:'.repeat(30_000)]) {
      expect(eventsOf(`<a${text}/>`, 60_000, ['r', '\\w+:id']).length).toBeGreaterThan(0)
    }
    const { user } = process.cpuUsage(begun)
    // A pattern that goes back over itself would take minutes.
    expect(user / 1e6).toBeLessThan(3)
  })
})
