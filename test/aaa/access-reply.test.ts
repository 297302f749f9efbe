import { describe, expect, it } from 'vitest'
import type { ReadAccess } from '../../src/aaa/access-packet.ts'
import { createReplyMaker } from '../../src/aaa/access-reply.ts'
import type { AcceptInput } from '../../src/aaa/access-reply.ts'
import { rejectOutcomes } from '../../src/aaa/outcomes.ts'
import type { Authorization } from '../../src/domain/authorization.ts'
import type { RejectReason } from '../../src/domain/access-decision.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import type { Settings } from '../../src/domain/setting.ts'
import { decodeAttributes } from '../../src/radius/attributes.ts'
import { msChap2Keys } from '../../src/radius/mppe.ts'
import { testNas, testRequest } from '../support/access.ts'
import { packetWith, testContext } from '../support/attributes.ts'
import { dictionary } from '../support/dictionary.ts'
import { attribute, hex, text, vectorCase } from '../support/radius.ts'

const complaints: string[] = []
const replies = createReplyMaker(dictionary, (wrong) => complaints.push(wrong))
const hiding = testContext()

const authorization: Authorization = {
  rates: { downBps: 50_000_000, upBps: 20_000_000, burst: undefined, priority: undefined },
  address: '192.0.2.7',
  pool: undefined,
  ipv6Prefix: undefined,
  ipv6Address: undefined,
  ipv6Pool: undefined,
  delegatedIpv6Prefix: undefined,
  delegatedIpv6Pool: undefined,
  addressList: undefined,
  sessionTimeoutS: 3_600,
  idleTimeoutS: undefined,
  interimIntervalS: 300,
  routes: [],
  class: Buffer.from('0102', 'hex'),
  cui: undefined,
  garden: undefined,
  attributes: [],
}

function accept(changes: Partial<Authorization> = {}, input: Partial<AcceptInput> = {}) {
  const reply = replies.accept({
    authorization: { ...authorization, ...changes },
    nas: testNas(),
    msChap: undefined,
    request: packetWith(''),
    hiding,
    ...input,
  })
  const list = decodeAttributes(dictionary, packetWith(reply.attributes), hiding)
  return { ...reply, list, byName: Object.fromEntries(list.map(({ name, value }) => [name, value])) }
}

const nothingRead: ReadAccess = {
  request: testRequest(),
  shownUsername: 'anna',
  method: 'pap',
  credentials: { refused: 'no-credentials' },
  eapIdentifier: undefined,
  msChap: undefined,
  lineSecret: undefined,
  wantsCui: false,
}

function reject(reason: RejectReason, read: Partial<ReadAccess> = {}, settings: Partial<Settings> = {}) {
  const octets = replies.reject(
    rejectOutcomes[reason],
    { ...nothingRead, ...read },
    { ...defaultSettings, ...settings },
  )
  return decodeAttributes(dictionary, packetWith(octets))
}

describe('an accept', () => {
  it('carries what the vendor makes of the authorization', () => {
    expect(accept().byName).toMatchObject({
      'Mikrotik-Rate-Limit': '20M/50M',
      'Framed-IP-Address': '192.0.2.7',
      Class: Buffer.from('0102', 'hex'),
    })
  })

  it('lets an extra attribute take the place of ours of the same name, all of them of their own', () => {
    const attributes = ['Session-Timeout = 60', 'Framed-Route = "a"', 'Framed-Route = "b"', 'Tunnel-Type:1 = VLAN']
    const { list, byName } = accept({ attributes, routes: ['ours'] })
    expect(byName['Session-Timeout']).toBe(60)
    expect(list.filter(({ name }) => name === 'Framed-Route').map(({ value }) => value)).toEqual(['a', 'b'])
    expect(list).toContainEqual({ name: 'Tunnel-Type', value: 13, tag: 1 })
  })

  it.each([
    'Class = 0x00',
    'State = 0x00',
    'Message-Authenticator = 0x00000000000000000000000000000000',
    'Proxy-State = 0x00',
    'MS-MPPE-Send-Key = 0x00',
    'chargeable-user-identity = x',
  ])('lets no extra attribute take what the protocol needs: %s', (line) => {
    const plain = accept()
    expect(accept({ attributes: [line] }).list).toEqual(plain.list)
  })

  it('leaves out an extra attribute that cannot be sent, and tells it once', () => {
    complaints.length = 0
    for (let i = 0; i < 3; i++)
      expect(accept({ attributes: ['No-Such = 1', 'Framed-MTU = 1492'] }).byName['Framed-MTU']).toBe(1492)
    expect(complaints).toEqual(['No-Such = 1'])
  })

  it('throws where one of ours cannot be sent: a fault, not a reject and not a service without its address', () => {
    expect(() => accept({ address: '10.0.0.999' })).toThrow(/Framed-IP-Address/)
  })

  it('shows what it sent but for what is new for every login', () => {
    const names = accept({ cui: 'token' }).shown.map(({ name }) => name)
    expect(names).toEqual(['Mikrotik-Rate-Limit', 'Framed-IP-Address'])
  })
})

describe('RFC 2548 MS-CHAP in an accept', () => {
  const vector = vectorCase('rfc2759-mschapv2', '9.2')
  const msChap = {
    version: 2,
    ntHashHash: hex(vector, 'password_hash_hash'),
    ntResponse: hex(vector, 'nt_response'),
    success: Buffer.concat([Buffer.of(5), Buffer.from(text(vector, 'authenticator_response'))]),
  } as const
  const policy = ['MS-MPPE-Encryption-Policy = 2', 'MS-MPPE-Encryption-Types = 4']

  it('§2.3.3: version 2 has the proof that the peer waits for', () => {
    const { byName } = accept({}, { msChap })
    expect(byName['MS-CHAP2-Success']).toEqual(msChap.success)
    expect(byName['MS-MPPE-Send-Key']).toBeUndefined()
  })

  it('§2.4: keys are sent when an extra attribute asks for them, hidden, and never shown', () => {
    const { byName, shown } = accept({ attributes: policy }, { msChap })
    const keys = msChap2Keys(msChap.ntHashHash, msChap.ntResponse)
    expect(byName).toMatchObject({
      'MS-MPPE-Send-Key': keys.send,
      'MS-MPPE-Recv-Key': keys.receive,
      'MS-MPPE-Encryption-Policy': 2,
    })
    expect(JSON.stringify(shown)).not.toMatch(/Key|Success/)
  })

  it('§2.4.1: version 1 has its keys in one attribute', () => {
    const { byName } = accept({ attributes: policy }, { msChap: { version: 1, ntHashHash: msChap.ntHashHash } })
    expect(byName['MS-CHAP-MPPE-Keys']).toEqual(Buffer.concat([Buffer.alloc(8), msChap.ntHashHash, Buffer.alloc(8)]))
    expect(byName['MS-CHAP2-Success']).toBeUndefined()
  })
})

describe('R30: an accept that does not fit', () => {
  const routes = Array.from({ length: 20 }, (_, n) => `${'r'.repeat(240)} ${n}`)

  it('loses routes first, from the last to the first', () => {
    const { attributes, list, left } = accept({ routes })
    expect(attributes.length).toBeLessThanOrEqual(4096 - 20 - 18)
    const sent = list.filter(({ name }) => name === 'Framed-Route').map(({ value }) => value)
    expect(sent).toEqual(routes.slice(0, sent.length))
    expect(sent.length).toBeGreaterThan(14)
    expect(left).toEqual(Array.from({ length: 20 - sent.length }, () => 'Framed-Route'))
  })

  it('leaves room for the Proxy-States that the reply must echo', () => {
    const proxied = packetWith(Buffer.concat(Array.from({ length: 10 }, () => attribute(33, Buffer.alloc(200)))))
    expect(accept({ routes }, { request: proxied }).attributes.length).toBeLessThanOrEqual(4096 - 20 - 18 - 2020)
  })

  it('then loses other attributes from the last to the first, never Class nor the proof of MS-CHAP', () => {
    const states = Buffer.concat(Array.from({ length: 15 }, () => attribute(33, Buffer.alloc(253))))
    const success = Buffer.alloc(43, 65)
    const msChap = { version: 2, success, ntHashHash: Buffer.alloc(16), ntResponse: Buffer.alloc(24) } as const
    const attributes = [`Reply-Message = "${'m'.repeat(200)}"`]
    const { byName, left } = accept({ routes: ['one'], attributes }, { msChap, request: packetWith(states) })
    expect(left.slice(0, 2)).toEqual(['Framed-Route', 'Reply-Message'])
    expect(byName).toMatchObject({ Class: Buffer.from('0102', 'hex'), 'MS-CHAP2-Success': success })
  })
})

describe('a reject', () => {
  it('RFC 2865 §5.44: carries its text and nothing else', () => {
    expect(reject('unknown')).toEqual([{ name: 'Reply-Message', value: 'Login failed' }])
    expect(reject('expired')).toEqual([{ name: 'Reply-Message', value: 'Your subscription has ended' }])
    expect(reject('quota-exhausted', {}, { quota_text: '' })).toEqual([])
  })

  it.each([
    ['wrong-password', 691],
    ['unknown', 691],
    ['blocked', 647],
    ['expired', 648],
    ['too-many-sessions', 649],
  ] as const)('RFC 2759 §6: to MS-CHAPv2 for %s has error %i', (reason, code) => {
    const error = reject(reason, { msChap: { version: 2, ident: 9 } })[1]
    const value = Buffer.from(error?.value as Uint8Array)
    expect(error?.name).toBe('MS-CHAP-Error')
    expect(value[0]).toBe(9)
    expect(value.toString('latin1', 1)).toMatch(new RegExp(`^E=${code} R=0 C=[0-9A-F]{32} V=3 M=`))
  })

  it('RFC 2433 §9: to MS-CHAPv1 has a challenge of 8 octets', () => {
    const error = reject('mschapv1-off', { msChap: { version: 1, ident: 0 } })[1]
    expect(Buffer.from(error?.value as Uint8Array).toString('latin1', 1)).toMatch(/^E=691 R=0 C=[0-9A-F]{16} V=2 M=/)
  })

  it('RFC 3579 §2.6: to EAP is an EAP-Failure with the same identifier, and no Reply-Message', () => {
    const value = Buffer.from('04630004', 'hex')
    expect(reject('eap-not-supported', { eapIdentifier: 0x63 })).toEqual([{ name: 'EAP-Message', value }])
  })

  it('goes to every NAS alike', () => {
    expect(reject('unknown', { request: testRequest({ nas: testNas({ vendor: 'standard' }) }) })).toHaveLength(1)
  })
})
