import { expect, it } from 'vitest'
import { usernameOf } from '../../src/aaa/sent-username.ts'
import { defaultNasSettings } from '../../src/domain/nas-settings.ts'
import type { NasSettings } from '../../src/domain/nas-settings.ts'
import { testNas } from '../support/access.ts'

const sent = (text: string, rule: NasSettings['username_rule'] = 'whole') =>
  usernameOf(testNas({ settings: { ...defaultNasSettings, username_rule: rule } }), Buffer.from(text))

it.each([
  ['whole', 'anna@isp.example'],
  ['strip-realm', 'anna'],
  ['strip-domain', 'anna@isp.example'],
  ['strip-both', 'anna'],
] as const)('under %s Anna@ISP.example is %s', (rule, username) => {
  expect(sent('Anna@ISP.example', rule)).toEqual({ username, shown: username, sent: 'Anna@ISP.example' })
})

it.each([
  ['whole', 'isp\\anna'],
  ['strip-realm', 'isp\\anna'],
  ['strip-domain', 'anna'],
  ['strip-both', 'anna'],
] as const)('under %s ISP\\Anna is %s', (rule, username) => {
  expect(sent('ISP\\Anna', rule).username).toBe(username)
})

it('is not kept beside a username that is the same text, or cannot be kept', () => {
  expect(sent('anna')).toEqual({ username: 'anna', shown: 'anna' })
  expect(sent('an\0na')).toEqual({ username: 'anna', shown: 'anna' })
})

it('names nobody where there is no text, and shows what came', () => {
  const nas = testNas({ settings: { ...defaultNasSettings, username_rule: 'strip-both' } })
  expect(usernameOf(nas, Buffer.from('ff40', 'hex'))).toEqual({ username: '', shown: '\\xff@' })
  expect(usernameOf(nas, undefined)).toEqual({ username: '', shown: '' })
})
