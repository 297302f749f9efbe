import { afterEach, describe, expect, it, vi } from 'vitest'
import { cellText, printFacts, printJson, printTable, toJson } from '../../src/cli/output.ts'

let printed = ''
vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
  printed += String(text)
  return true
})
afterEach(() => {
  printed = ''
})

describe('JSON', () => {
  it('has snake_case keys, exact numbers, ISO 8601, and leaves names of others alone', () => {
    const value = {
      acctSessionId: 'a',
      ipv6Pool: null,
      id: 7n,
      octets: 2n ** 60n,
      at: new Date('2026-11-22T12:00:00Z'),
      missing: undefined,
      reply: [{ 'Framed-IP-Address': '10.0.0.1', NASPort: 1 }],
      default_interim_interval_s: 300,
    }
    expect(JSON.parse(JSON.stringify(toJson(value)))).toEqual({
      acct_session_id: 'a',
      ipv6_pool: null,
      id: 7,
      octets: '1152921504606846976',
      at: '2026-11-22T12:00:00.000Z',
      reply: [{ 'Framed-IP-Address': '10.0.0.1', NASPort: 1 }],
      default_interim_interval_s: 300,
    })
  })

  it('is one value', () => {
    printJson([{ aB: 1n }])
    expect(JSON.parse(printed)).toEqual([{ a_b: 1 }])
  })
})

describe('a table', () => {
  it('has its columns below each other', () => {
    printTable(
      ['NAME', 'N'],
      [
        ['ä😀', 10],
        ['long name', null],
      ],
      'none',
    )
    expect(printed).toBe('NAME       N\nä😀         10\nlong name  -\n')
  })

  it('without rows says so', () => {
    printTable(['NAME'], [], 'there is nothing')
    expect(printed).toBe('there is nothing\n')
  })
})

describe('facts', () => {
  it('leave out what is empty', () => {
    printFacts([
      ['name', 'Ada'],
      ['phone', null],
      ['e-mail', ''],
      ['balance', 0],
    ])
    expect(printed).toBe('name     Ada\nbalance  0\n')
  })
})

describe('a cell', () => {
  it('cannot rule the terminal of who reads it', () => {
    expect(cellText('a\u001b[31mb\r\nc\u202ed')).toBe('a?[31mb??c?d')
    expect(cellText(new Date('2026-11-22T12:00:00.5Z'))).toBe('2026-11-22T12:00:00Z')
    expect(cellText(true)).toBe('yes')
    expect(cellText(undefined)).toBe('-')
  })
})
