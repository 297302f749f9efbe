import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { vendorNames } from '../../../src/domain/nas.ts'
import { nasScript } from '../../../src/nas/vendors/script.ts'
import type { ScriptFacts } from '../../../src/nas/vendors/script.ts'

const router: ScriptFacts = {
  name: 'bras-1',
  vendor: 'mikrotik',
  identifier: 'bng-1',
  address: undefined,
  clientPrefix: '192.0.2.10/32',
  patienceMs: 900,
  interimIntervalS: 300,
  coaPort: 3799,
  servers: [{ address: '192.0.2.2', authPort: 1812, acctPort: 1813 }],
  sourceAddress: '192.0.2.10',
  secret: 'a-long-shared-secret',
}
const linux: ScriptFacts = {
  ...router,
  name: 'hill',
  vendor: 'accel-ppp',
  identifier: 'hill-1',
  servers: ['192.0.2.2', '192.0.2.3'].map((address) => ({ address, authPort: 1812, acctPort: 1813 })),
}

function scriptText(facts: ScriptFacts): string {
  const script = nasScript(facts)
  if (script.kind === 'none') throw new Error(script.reason)
  return script.text
}

/** Its lines without comments and empty ones. */
function commands(facts: ScriptFacts): string[] {
  return scriptText(facts)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
}

describe('the script for RouterOS', () => {
  it('asks over TLS where the client is known by a certificate, with the secret that RouterOS forces', () => {
    const overTls = { ...router, secret: undefined, radsecPort: 2083 }
    expect(commands(overTls)[0]).toBe(
      '/radius add service=ppp,dhcp,hotspot address=192.0.2.2 protocol=radsec certificate="NAME-OF-ITS-CERTIFICATE" ' +
        'secret="radsec" authentication-port=2083 accounting-port=2083 timeout=1s ' +
        'require-message-auth=yes-for-request-resp src-address=192.0.2.10 comment="Gatehouse"',
    )
    expect(commands(overTls).slice(1)).toEqual(commands(router).slice(1))
    expect(scriptText(overTls)).toContain('# Orders (CoA) come over UDP all the same.')
    expect(scriptText(overTls)).not.toContain('SECRET-NOT-SHOWN')
  })

  it('has everything, each with its reason', () => {
    expect(scriptText(router))
      .toBe(`# RouterOS 7.15 or later: lets Gatehouse decide about the subscribers of NAS "bras-1".
# Paste it into a terminal of the router. A second time it adds the rows of /radius again: remove the old ones first.

# Who is asked, the first row first. PPP, DHCP and hotspot servers ask only where they are told to.
# timeout: the default of 300 ms is less than a busy database may take.
# require-message-auth: an answer that is not signed may be forged (CVE-2024-3596); Gatehouse signs all of them.
# src-address: Gatehouse knows this NAS by where its packets come from: 192.0.2.10/32.
/radius add service=ppp,dhcp,hotspot address=192.0.2.2 secret="a-long-shared-secret" authentication-port=1812 accounting-port=1813 timeout=1s require-message-auth=yes-for-request-resp src-address=192.0.2.10 comment="Gatehouse"

# Off by default: without it nobody can be blocked, slowed down or disconnected while online.
/radius incoming set accept=yes port=3799

# PPPoE. A name that is also in /ppp secret is never asked about. The interval of an accept comes before this one.
/ppp aaa set use-radius=yes accounting=yes interim-update=5m

# IPoE. Not done for you: a DHCP server of the office would refuse its leases. Take off the # for those of subscribers.
# /ip dhcp-server set [find name="NAME"] use-radius=yes

# The NAS-Identifier by which Gatehouse tells this router from others behind the same client.
/system identity set name="bng-1"
`)
  })

  it('has a placeholder that says how to get the secret, and no secret', () => {
    const text = scriptText({ ...router, secret: undefined })
    expect(text).toContain('put it in place of SECRET-NOT-SHOWN, or print this with --show-secret.')
    expect(text).toContain(' secret="SECRET-NOT-SHOWN" ')
    expect(text).not.toContain('a-long-shared-secret')
  })

  it('leaves the identity alone of a router that is known otherwise', () => {
    const unnamed = { ...router, identifier: undefined, sourceAddress: undefined }
    expect(commands(unnamed).join('\n')).not.toMatch(/identity|src-address/)
    expect(scriptText(unnamed)).toContain('stays as it is: Gatehouse knows this router by its client alone.')
    expect(scriptText(unnamed)).toContain('If it has several addresses, add src-address= (--src-address).')
    expect(scriptText({ ...unnamed, address: '10.0.0.1' })).toContain('by its NAS-IP-Address 10.0.0.1.')
  })

  it('waits as long as its client says, never under a second', () => {
    const timeout = (patienceMs: number) => /timeout=(\S+) require/.exec(scriptText({ ...router, patienceMs }))?.[1]
    expect([100, 1000, 1500, 3000].map(timeout)).toEqual(['1s', '1s', '1500ms', '3s'])
    expect(scriptText({ ...router, interimIntervalS: 90 })).toContain('interim-update=90s')
  })

  it('has a row for every server, and a source only of the same family', () => {
    const servers = [
      { address: '192.0.2.2', authPort: 1812, acctPort: 1813 },
      { address: '2001:db8::2', authPort: 11812, acctPort: 11813 },
    ]
    const rows = commands({ ...router, servers }).filter((line) => line.startsWith('/radius add'))
    expect(rows.map((row) => /address=(\S+) secret/.exec(row)?.[1])).toEqual(['192.0.2.2', '2001:db8::2'])
    expect(rows[1]).toContain('authentication-port=11812 accounting-port=11813 ')
    expect(rows.map((row) => row.includes('src-address=192.0.2.10'))).toEqual([true, false])
  })

  it('writes what is not plain as octets', () => {
    const identifier = 'a"; /user add name=x [$y]\\\n?é'
    expect(commands({ ...router, identifier }).at(-1)).toBe(
      String.raw`/system identity set name="a\22\3B /user add name=x \5B\24y\5D\5C\0A\3F\C3\A9"`,
    )
  })
})

describe('the script for accel-ppp', () => {
  it('has everything, each with its reason', () => {
    expect(scriptText(linux)).toBe(`# accel-ppp: lets Gatehouse decide about the subscribers of NAS "hill".
# Put these lines into the sections of accel-ppp.conf: of two sections of one name only the first is read.

[modules]
# Asks Gatehouse and tells it about sessions.
radius
# What of a password a PPPoE subscriber may show; see the setting auth_methods.
auth_mschap_v2
auth_chap_md5
auth_pap
# Addresses from a pool that the plan names.
ippool
# Without it the rate of a plan does nothing.
shaper

[radius]
# bind: Gatehouse knows this NAS by where its packets come from: 192.0.2.10/32.
bind=192.0.2.10
# By it Gatehouse knows this NAS.
nas-identifier=hill-1
# What Gatehouse is told as NAS-IP-Address.
nas-ip-address=192.0.2.10
# Our end of PPP links whose address Gatehouse gives; any address of this NAS will do.
gw-ip-address=192.0.2.10
# Where orders come in: without it nobody can be blocked, slowed down or disconnected while online.
dae-server=192.0.2.10:3799,a-long-shared-secret
# Who is asked. req-limit: after a power cut logins wait here, not in a full socket.
# fail-timeout, max-fail: a server that left so many requests unanswered is not asked for so many seconds (0: always).
server=192.0.2.2,a-long-shared-secret,auth-port=1812,acct-port=1813,req-limit=100,fail-timeout=5,max-fail=10,weight=1
server=192.0.2.3,a-long-shared-secret,auth-port=1812,acct-port=1813,req-limit=100,fail-timeout=5,max-fail=10,weight=1
# timeout times max-try is how long a login may take before another server is asked, in seconds.
timeout=1
max-try=3
# For sessions whose accept names no interval.
acct-interim-interval=300
# Says that it begins anew, so that sessions of before a crash end at once.
acct-on=1
# Signs requests (CVE-2024-3596). Once Gatehouse has seen a signed one it demands it.
blast-protection=1

[shaper]
# Gatehouse sends rates as down/up in kbit/s in it.
attr=Filter-Id

[pppoe]
# The only attribute that names the VLAN of a PPPoE line in accounting.
called-sid=ifname:mac
`)
  })

  it('has a placeholder for a secret that is not shown, or that the file cannot hold', () => {
    const hidden = scriptText({ ...linux, secret: undefined })
    expect(hidden).toContain('--show-secret')
    expect(hidden).toContain('dae-server=192.0.2.10:3799,SECRET-NOT-SHOWN\n')
    for (const secret of ['has,a,comma,in,it', ' begins-with-a-blank', 'ends-with-a-brace{', '${timeout}-and-more']) {
      const text = scriptText({ ...linux, secret })
      expect(text).toContain('which this file cannot hold: client rotate-secret.')
      expect(text).toContain('server=192.0.2.2,SECRET-NOT-SHOWN,auth-port=1812')
      expect(text).not.toContain(secret)
    }
  })

  it('leaves out what it cannot know, and says what to do', () => {
    const text = scriptText({ ...linux, identifier: undefined, sourceAddress: undefined })
    expect(text).toContain('# nas-identifier is not needed')
    expect(text).toContain('need an IPv4 address of this NAS: print this with --src-address, or set the address')
    expect(text).not.toMatch(/^(bind|nas-|gw-|dae-)/m)
    expect(scriptText({ ...linux, identifier: 'a\nb' })).toContain('# nas-identifier: this file cannot hold "a?b"')
    expect(commands({ ...linux, address: '10.0.0.1' })).toContain('dae-server=10.0.0.1:3799,a-long-shared-secret')
  })

  it('asks over IPv4 only, and gives a lone server no pause', () => {
    const [first] = linux.servers
    const six = { address: '2001:db8::2', authPort: 1812, acctPort: 1813 }
    const one = scriptText({ ...linux, servers: [first!, six], sourceAddress: '2001:db8::10' })
    expect(one).toContain('# accel-ppp asks over IPv4 only: IPv6 addresses are left out.')
    expect(one.match(/^server=.*$/gm)).toEqual([expect.stringContaining('fail-timeout=0')])
    expect(one).not.toContain('bind=2001')
    expect(scriptText({ ...linux, servers: [six] })).toContain('# There is no IPv4 address to ask')
    expect(scriptText({ ...linux, patienceMs: 2100 })).toContain('timeout=3\n')
  })
})

it('other vendors have none, and are told where to read', () => {
  for (const vendor of vendorNames.filter((name) => name !== 'mikrotik' && name !== 'accel-ppp')) {
    const reason = `there is no script for vendor ${vendor}, only for mikrotik and accel-ppp: what a NAS of it takes is in docs/lines.md, "Vendors"`
    expect(nasScript({ ...router, vendor })).toEqual({ kind: 'none', reason })
  }
})

describe('no name, identifier or secret', () => {
  const unit = fc.constantFrom(...'"\\$;\n\r\t[]{}()#?=, a0é\u2028\u0000')
  const hostile = fc.oneof(fc.string({ unit, minLength: 1 }), fc.string({ unit: 'binary', minLength: 1 }))

  it('is more than one value to RouterOS, and comes out as it went in', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (name, identifier, secret) => {
        const found = readRouterOs(scriptText({ ...router, name, identifier, secret }))
        expect(found.map(({ command }) => command)).toEqual([
          '/radius add service address secret authentication-port accounting-port timeout require-message-auth src-address comment',
          '/radius incoming set accept port',
          '/ppp aaa set use-radius accounting interim-update',
          '/system identity set name',
        ])
        expect(found[0]!.values).toMatchObject({ secret, address: '192.0.2.2' })
        expect(found[3]!.values).toEqual({ name: identifier })
      }),
    )
  })

  it('is more than one line to accel-ppp, and is as it was or left out', () => {
    const keys = ({ identifier }: { identifier: boolean }) =>
      readAccelPpp(scriptText({ ...linux, identifier: identifier ? 'x' : undefined })).map(([key]) => key)
    fc.assert(
      fc.property(hostile, hostile, hostile, (name, identifier, secret) => {
        const found = readAccelPpp(scriptText({ ...linux, name, identifier, secret }))
        const value = new Map(found)
        const kept = value.has('radius/nas-identifier')
        expect(found.map(([key]) => key)).toEqual(keys({ identifier: kept }))
        if (kept) expect(value.get('radius/nas-identifier')).toBe(identifier)
        const given = value.get('radius/dae-server')!.slice('192.0.2.10:3799,'.length)
        expect(given === secret || given === 'SECRET-NOT-SHOWN').toBe(true)
        expect(value.get('radius/server')!.split(',')).toHaveLength(8)
      }),
    )
  })
})

/** Reads as the console of RouterOS does: commands end at a line's end or `;`; anything it would evaluate is an error. */
function readRouterOs(text: string): { command: string; values: Record<string, string> }[] {
  const found: { command: string; values: Record<string, string> }[] = []
  for (const line of text.split(/[\n\r]/)) {
    if (line === '' || line.startsWith('#')) continue
    const words: string[] = []
    const values: Record<string, string> = {}
    // A word, then perhaps `=` and a value in quotes or bare; nothing else may stand on a line.
    const pattern = /([\w/-]+)(?:=(?:"((?:[^"\\$]|\\[0-9A-F]{2})*)"|([\w.:,-]+)))?(?: |$)/y
    while (pattern.lastIndex < line.length) {
      const [, word, quoted, bare] = pattern.exec(line) ?? []
      if (word === undefined) throw new Error(`RouterOS would not read ${JSON.stringify(line)}`)
      words.push(word)
      if (quoted !== undefined) values[word] = unescapeRouterOs(quoted)
      else if (bare !== undefined) values[word] = bare
    }
    found.push({ command: words.join(' '), values })
  }
  return found
}

function unescapeRouterOs(quoted: string): string {
  const octets = quoted.replace(/\\([0-9A-F]{2})/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
  return Buffer.from(octets, 'latin1').toString()
}

/** Reads as accel-ppp 1.14 does: `section/option` and value of every line, in order. */
function readAccelPpp(text: string): [string, string][] {
  const found: [string, string][] = []
  let section = ''
  for (const raw of text.split('\n')) {
    const line = raw.replace(/^[ \t]+|[ \t]+$/g, '')
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('$include') || line === '}') throw new Error(`accel-ppp would obey ${JSON.stringify(line)}`)
    if (line.startsWith('[')) {
      section = line.slice(1, line.indexOf(']'))
      continue
    }
    const [, name = '', value = ''] = /^([^ \t=]+)[ \t]*=?[ \t]*([^]*)$/.exec(line) ?? []
    if (value.startsWith('${') || value.endsWith('{')) throw new Error(`accel-ppp would open ${JSON.stringify(value)}`)
    found.push([`${section}/${name}`, value])
  }
  return found
}
