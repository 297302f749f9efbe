import fc from 'fast-check'
import { expect, it } from 'vitest'
import { clientIdOption, findDhcpv6Option, interfaceIdOption } from '../../src/nas/dhcpv6-options.ts'

const options = Buffer.from('0001000a00030001d4ca6d0a000300080002000a0012000301020a', 'hex')

it('RFC 8415 §21.1: finds an option by its code', () => {
  expect(findDhcpv6Option(options, clientIdOption)?.toString('hex')).toBe('00030001d4ca6d0a0003')
  expect(findDhcpv6Option(options, interfaceIdOption)?.toString('hex')).toBe('01020a')
  expect(findDhcpv6Option(options, 37)).toBeUndefined()
})

it('takes an empty or cut option for none', () => {
  expect(findDhcpv6Option(Buffer.from('00010000', 'hex'), clientIdOption)).toBeUndefined()
  expect(findDhcpv6Option(options.subarray(0, 13), clientIdOption)).toBeUndefined()
  expect(findDhcpv6Option(Buffer.from('000100', 'hex'), clientIdOption)).toBeUndefined()
})

it('never throws and never reads beyond the octets', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(40), (octets, code) => {
      const found = findDhcpv6Option(Buffer.from(octets), code)
      expect(found === undefined || found.length > 0).toBe(true)
    }),
  )
})
