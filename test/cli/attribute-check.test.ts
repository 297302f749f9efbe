import { describe, expect, it } from 'vitest'
import { createAttributeCheck } from '../../src/cli/attribute-check.ts'

const check = createAttributeCheck()

describe('extra attributes', () => {
  it('that can be sent are good', () => {
    expect(check([])).toBeUndefined()
    expect(check(['Filter-Id = gold', 'Mikrotik-Rate-Limit = "10M/20M"', 'Session-Timeout = 3600'])).toBeUndefined()
  })

  it.each([
    ['Filter-Id', 'Name = value'],
    ['No-Such-Attribute = 1', 'there is no attribute No-Such-Attribute'],
    ['Session-Timeout = soon', 'Session-Timeout'],
    ['Filter-Id = "a\nb"', 'Filter-Id'],
    ['Message-Authenticator = 0x00', 'Message-Authenticator'],
    ['Class = 0x01', 'Class is made by the server itself'],
    ['State = 0x01', 'State is made by the server itself'],
    [`Filter-Id = ${'x'.repeat(254)}`, 'Filter-Id'],
  ])('R29: %j are refused by name', (text, reason) => {
    expect(check(['Filter-Id = fine', text])).toContain(reason)
  })

  it('leave room for those of ours', () => {
    const long = Array.from({ length: 5 }, () => `Filter-Id = ${'x'.repeat(250)}`)
    expect(check(long)).toContain('1000 fit beside the others')
    expect(check(long.slice(0, 3))).toBeUndefined()
  })
})
