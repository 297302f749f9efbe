import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DictionaryError } from '../../src/radius/dictionary-parser.ts'
import { loadDictionary, MissingDefinitionError, requireAttribute } from '../../src/radius/dictionary.ts'
import { dictionary, dictionaryDirectory, dictionaryOf } from '../support/dictionary.ts'

describe('the dictionary of the project', () => {
  it.each([
    ['User-Name', 0, 1, 'string'],
    ['Framed-IPv6-Prefix', 0, 97, 'ipv6prefix'],
    ['Event-Timestamp', 0, 55, 'date'],
    ['Framed-Interface-Id', 0, 96, 'ifid'],
    ['Mikrotik-Rate-Limit', 14988, 8, 'string'],
    ['MS-CHAP2-Response', 311, 25, 'octets'],
    ['ADSL-Agent-Circuit-Id', 3561, 1, 'octets'],
    ['IWF-Session', 3561, 254, 'octets'],
    ['Accel-VRF-Name', 55999, 1, 'string'],
    ['Cisco-AVPair', 9, 1, 'string'],
    ['WISPr-Bandwidth-Max-Down', 14122, 8, 'integer'],
    ['Ascend-Xmit-Rate', 529, 255, 'integer'],
  ])('has %s', (name, vendor, type, format) => {
    const definition = dictionary.attribute(name)
    expect(definition).toMatchObject({ name, vendor, type, format })
    expect(dictionary.find(vendor, type)).toBe(definition)
  })

  it('knows which are tagged, hidden and split', () => {
    expect(dictionary.attribute('Tunnel-Password')).toMatchObject({ tagged: true, encrypt: 'tunnel-password' })
    expect(dictionary.attribute('User-Password')).toMatchObject({ tagged: false, encrypt: 'user-password' })
    expect(dictionary.attribute('Ascend-Send-Secret')).toMatchObject({ encrypt: 'ascend' })
    expect(dictionary.attribute('EAP-Message')).toMatchObject({ concat: true, encrypt: undefined })
  })

  it('knows value names both ways, also those of later files', () => {
    const status = dictionary.attribute('Acct-Status-Type')!
    expect(status.values.get('Interim-Update')).toBe(3)
    expect(status.valueNames.get(9)).toBe('Tunnel-Start')
    expect(dictionary.attribute('Service-Type')!.values.get('Authorize-Only')).toBe(17)
  })

  it('includes every file that lies beside it', () => {
    const included = readFileSync(join(dictionaryDirectory, 'dictionary'), 'utf8').match(/dictionary\.\w+/g)
    const files = readdirSync(dictionaryDirectory).filter((name) => name !== 'dictionary')
    expect(included?.toSorted()).toEqual(files.toSorted())
  })

  it('R48: finds names in any case, and nothing for `__proto__` and the like', () => {
    expect(dictionary.attribute('mikrotik-rate-limit')).toBe(dictionary.attribute('Mikrotik-Rate-Limit'))
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']) {
      expect(dictionary.attribute(name)).toBeUndefined()
    }
    expect(dictionary.attribute('Service-Type')!.values.get('constructor')).toBeUndefined()
  })

  it('says which name is missing', () => {
    expect(requireAttribute(dictionary, 'Class').type).toBe(25)
    expect(() => requireAttribute(dictionary, 'Klass')).toThrow(MissingDefinitionError)
    expect(() => requireAttribute(dictionary, 'Klass')).toThrow('the dictionary has no attribute Klass')
  })
})

describe('attributes without a name', () => {
  it.each([
    ['Attr-200', { vendor: 0, type: 200, path: '200' }],
    ['attr-26.14988.99', { vendor: 14988, type: 99, path: '26.14988.99' }],
    ['Attr-26.14988.99.3', { vendor: 14988, type: 3, path: '26.14988.99.3' }],
    ['Attr-241.5', { vendor: 0, type: 5, path: '241.5' }],
    ['Attr-241.26.9.1', { vendor: 9, type: 1, path: '241.26.9.1' }],
    ['Attr-245.26.9.1.4', { vendor: 9, type: 4, path: '245.26.9.1.4' }],
    ['Attr-97', { vendor: 0, type: 97, format: 'octets' }],
    ['Attr-26', { vendor: 0, type: 26, format: 'octets' }],
  ])('%s', (name, expected) => expect(dictionary.attribute(name)).toMatchObject({ name, ...expected }))

  it.each([
    'Attr-',
    'Attr-0',
    'Attr-256',
    'Attr-1.256',
    'Attr-26.9',
    'Attr-26.0.1',
    'Attr-26.16777216.1',
    'Attr-26.9.256',
    'Attr-241.26.0.1',
    'Attr-1.1.1.1.1.1.1.1.1.1.1.1',
    'Attr-1x',
  ])('%s is none', (name) => expect(dictionary.attribute(name)).toBeUndefined())
})

describe('the FreeRADIUS format', () => {
  it('reads vendors with layouts of their own, hexadecimal numbers and comments', () => {
    const usr = dictionaryOf(`
      VENDOR USR 429 format=4,0   # a comment
      VENDOR WiMAX 24757 format=1,1,c
      BEGIN-VENDOR USR
      ATTRIBUTE USR-Port 0x9000 integer
      VALUE USR-Port Ten 0x0a
      END-VENDOR USR`)
    expect(usr.vendor(429)).toEqual({
      name: 'USR',
      number: 429,
      format: { typeOctets: 4, lengthOctets: 0, continuation: false },
    })
    expect(usr.vendor(24757)?.format.continuation).toBe(true)
    expect(usr.find(429, 0x9000)?.values.get('Ten')).toBe(10)
    expect(usr.find(429, 2 ** 32 - 1)).toBeUndefined()
  })

  it('reads TLVs by BEGIN-TLV and by dotted numbers', () => {
    const nested = dictionaryOf(`
      VENDOR WiMAX 24757 format=1,1,c
      BEGIN-VENDOR WiMAX
      ATTRIBUTE WiMAX-Capability 1 tlv
      BEGIN-TLV WiMAX-Capability
      ATTRIBUTE WiMAX-Release 1 string
      END-TLV WiMAX-Capability
      ATTRIBUTE WiMAX-Idle 1.4 byte
      END-VENDOR WiMAX
      ATTRIBUTE Extended-Attribute-1 241 extended
      ATTRIBUTE Frag-Status 241.1 integer`)
    expect(nested.attribute('WiMAX-Release')).toMatchObject({ path: '26.24757.1.1', vendor: 24757 })
    expect(nested.attribute('WiMAX-Idle')?.parent).toBe(nested.attribute('WiMAX-Capability'))
    expect(nested.attribute('Frag-Status')?.path).toBe('241.1')
    expect(nested.find(24757, 4)).toBeUndefined()
  })

  it('keeps the vendors of an extended space apart', () => {
    const extended = dictionaryOf(`
      ATTRIBUTE Extended-Attribute-1 241 extended
      ATTRIBUTE Extended-Vendor-Specific-1 241.26 evs
      VENDOR A 1
      VENDOR B 2
      BEGIN-VENDOR A parent=Extended-Vendor-Specific-1
      ATTRIBUTE A-One 1 integer
      END-VENDOR A
      BEGIN-VENDOR B format=Extended-Vendor-Specific-1
      ATTRIBUTE B-One 1 integer
      END-VENDOR B`)
    expect(extended.attribute('A-One')?.path).toBe('241.26.1.1')
    expect(extended.attribute('B-One')?.path).toBe('241.26.2.1')
    expect(extended.find(1, 1)).toBeUndefined()
  })

  it('reads the type names of version 4 and sized octets', () => {
    const four = dictionaryOf(
      'ATTRIBUTE A 1 uint32\nATTRIBUTE B 2 ipv4addr\nATTRIBUTE C 3 octets[17] encrypt=User-Password',
    )
    expect([...four.attributes()].map((one) => one.format)).toEqual(['integer', 'ipaddr', 'octets'])
    expect(four.attribute('C')).toMatchObject({ size: 17, encrypt: 'user-password' })
  })

  it('takes two names for one value and prints the first', () => {
    const medium = dictionaryOf('ATTRIBUTE M 1 integer\nVALUE M IP 1\nVALUE M IPv4 1').attribute('M')!
    expect([medium.values.get('IP'), medium.values.get('IPv4'), medium.valueNames.get(1)]).toEqual([1, 1, 'IP'])
  })

  it('R48: stores names that objects would trip over', () => {
    const odd = dictionaryOf('ATTRIBUTE __proto__ 1 integer\nVALUE __proto__ constructor 5')
    expect(odd.attribute('__proto__')?.type).toBe(1)
    expect(odd.attribute('__proto__')?.values.get('constructor')).toBe(5)
    expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  })

  it('reads included files in order, as often as nothing clashes', () => {
    const files = { dictionary: '$INCLUDE a\n$INCLUDE b', a: 'ATTRIBUTE A 1 integer', b: 'VALUE A One 1' }
    expect(dictionaryOf(files).attribute('A')?.values.get('One')).toBe(1)
  })
})

describe('R48: a wrong file is refused with file and line', () => {
  const vendor = 'VENDOR V 5\nBEGIN-VENDOR V\n'
  it.each([
    ['ATTRIBUTE A 1', 1, 'ATTRIBUTE takes a name, a number, a type and flags'],
    ['ATTRIBUTE A x string', 1, 'x is no number'],
    ['ATTRIBUTE A 0 string', 1, 'number 0 of A is out of range'],
    ['ATTRIBUTE A 256 string', 1, 'number 256 of A is out of range'],
    [`${vendor}ATTRIBUTE A 256 string`, 3, 'number 256 of A is out of range'],
    ['ATTRIBUTE A 1 text', 1, 'unknown type text'],
    ['ATTRIBUTE A 1 string[5]', 1, 'unknown type string[5]'],
    ['ATTRIBUTE A 1 string bold', 1, 'unknown flag bold'],
    ['ATTRIBUTE A 1 string encrypt=4', 1, 'unknown encryption encrypt=4'],
    ['ATTRIBUTE A:1 1 string', 1, 'A:1 is no name'],
    ['ATTRIBUTE Attr-7 7 string', 1, 'names may not begin with Attr-'],
    ['\nATTRIBUTE A 1 string\nATTRIBUTE B 1 string', 3, 'number 1 of B is already A'],
    ['ATTRIBUTE A 1 string\nATTRIBUTE a 2 string', 2, 'a exists twice'],
    ['ATTRIBUTE A 5.1 string', 1, 'A has no parent 5'],
    ['ATTRIBUTE A 5 string\nATTRIBUTE B 5.1 string', 2, 'B has no parent 5'],
    ['ATTRIBUTE A 1 ipaddr has_tag', 1, 'ipaddr has no tag'],
    ['ATTRIBUTE A 1 integer encrypt=2', 1, 'integer cannot be hidden'],
    ['ATTRIBUTE A 1 string concat', 1, 'concat is for standard octets'],
    ['ATTRIBUTE A 1 string array,has_tag', 1, 'array goes with no other flag'],
    [`${vendor}ATTRIBUTE A 1 extended`, 3, 'extended stands in the packet alone'],
    ['VALUE A One 1', 1, 'unknown attribute A'],
    ['ATTRIBUTE A 1 string\nVALUE A One 1', 2, 'string has no named values'],
    ['ATTRIBUTE A 1 byte\nVALUE A Big 256', 2, '256 is out of range'],
    ['ATTRIBUTE A 1 byte\nVALUE A X 1\nVALUE A X 2', 3, 'X exists twice'],
    ['VALUE A One', 1, 'VALUE takes an attribute, a name and a number'],
    ['VENDOR V', 1, 'VENDOR takes a name, a number and a format'],
    ['VENDOR V 0', 1, 'vendor 0 is out of range'],
    ['VENDOR V 16777216', 1, 'vendor 16777216 is out of range'],
    ['VENDOR V 5 format=3,1', 1, 'unknown vendor format format=3,1'],
    ['VENDOR V 5 format=2,1,c', 1, 'continuation needs format=1,1,c'],
    ['VENDOR V 5\nVENDOR W 5', 2, 'vendor 5 exists twice'],
    ['VENDOR V 5\nVENDOR V 6', 2, 'vendor V exists twice'],
    ['BEGIN-VENDOR V', 1, 'unknown vendor V'],
    [`${vendor}BEGIN-VENDOR V`, 3, 'V is not ended'],
    ['VENDOR V 5\nBEGIN-VENDOR V parent=X', 2, 'X is no attribute of type evs'],
    ['VENDOR V 5\nBEGIN-VENDOR V twice', 2, 'BEGIN-VENDOR takes a name and parent=ATTRIBUTE'],
    ['END-VENDOR V', 1, 'V was not begun'],
    ['ATTRIBUTE T 1 tlv\nBEGIN-TLV T', 2, 'T is never ended'],
    [vendor, 2, 'V is never ended'],
    ['BEGIN-TLV T', 1, 'T is no attribute of type tlv'],
    ['END-TLV T', 1, 'T was not begun'],
    ['END-TLV', 1, 'END-TLV takes one name'],
    ['PROTOCOL RADIUS 1', 1, 'unknown keyword PROTOCOL'],
    ['$INCLUDE', 1, '$INCLUDE takes one file'],
    ['$INCLUDE missing', 1, 'cannot read DIR/missing'],
    ['$INCLUDE dictionary', 1, 'DIR/dictionary includes itself'],
  ])('%j', (text, line, reason) => {
    expect(() => dictionaryOf(text)).toThrow(DictionaryError)
    expect(() => dictionaryOf(text)).toThrow(`DIR/dictionary:${line}: `)
    expect(() => dictionaryOf(text)).toThrow(reason)
  })

  it('names the included file that is wrong', () => {
    expect(() => dictionaryOf({ dictionary: '\n$INCLUDE a', a: 'ATTRIBUTE' })).toThrow('DIR/a:1: ATTRIBUTE takes')
  })

  it('finds a loop through another file', () => {
    expect(() => dictionaryOf({ dictionary: '$INCLUDE a', a: '$INCLUDE dictionary' })).toThrow(
      'DIR/a:1: DIR/dictionary includes itself',
    )
  })

  it('says which directory has no dictionary', () => {
    expect(() => loadDictionary('/nonexistent')).toThrow('cannot read /nonexistent/dictionary')
  })
})
