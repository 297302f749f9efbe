// What mends each trouble on each kind of NAS: a command of RouterOS, a line of accel-ppp.conf, or words for whoever knows the
// other vendors. The commands themselves are those of the script (nas/vendors): here it is only chosen among them.

import type { VendorName } from '../../domain/nas.ts'
import { daeServerLine, identifierLine, interimLine, signLine, timeoutLine } from '../vendors/accel-ppp-lines.ts'
import * as routerOs from '../vendors/routeros-commands.ts'

export type MendFacts = {
  readonly vendor: VendorName
  /** Ours, to which the NAS speaks; undefined: not heard yet. */
  readonly server: string | undefined
  readonly authPort: number
  readonly acctPort: number
  /** The address of the NAS, as orders find it. */
  readonly own: string | undefined
  readonly coaPort: number
  readonly askedIntervalS: number
  readonly identifier: string | undefined
}

export type Mends = {
  readonly secret: string
  readonly sign: string
  readonly account: string
  readonly interims: string
  /** Takes CoA and Disconnect. */
  readonly orders: string
  /** Takes them from the address that we send from. */
  readonly trust: string
  readonly time: string
  readonly sendFrom: (address: string) => string
  readonly wait: (milliseconds: number) => string
  readonly name: (name: string) => string
}

/** The mends for one NAS. */
export function mendsFor(facts: MendFacts): Mends {
  if (facts.vendor === 'mikrotik') return routerOsMends(facts)
  return facts.vendor === 'accel-ppp' ? accelPppMends(facts) : otherMends(facts)
}

function routerOsMends({ server, authPort, acctPort, coaPort, askedIntervalS }: MendFacts): Mends {
  const row = (address: string, sourceAddress?: string): string =>
    routerOs.addRadiusRow({ address, authPort, acctPort, timeoutMs: 0, secret: undefined, sourceAddress })
  return {
    secret: routerOs.setRadiusRow(server, { secret: true }),
    sign: routerOs.setRadiusRow(server, { signed: true }),
    account: routerOs.usePppRadius(askedIntervalS),
    interims: routerOs.usePppRadius(askedIntervalS),
    orders: routerOs.acceptIncoming(coaPort),
    trust: row(server ?? 'ADDRESS-OF-GATEHOUSE'),
    time: routerOs.followTime('pool.ntp.org'),
    sendFrom: (sourceAddress) => routerOs.setRadiusRow(server, { sourceAddress }),
    wait: (timeoutMs) => routerOs.setRadiusRow(server, { timeoutMs }),
    name: routerOs.setIdentity,
  }
}

function accelPppMends({ server, own, coaPort, askedIntervalS, acctPort }: MendFacts): Mends {
  const line = (text: string): string => `[radius] ${text}`
  const secret = routerOs.secretPlaceholder
  const orders = line(daeServerLine(own ?? 'ADDRESS-OF-THE-NAS', coaPort, secret))
  const address = server ?? 'ADDRESS-OF-GATEHOUSE'
  return {
    secret: line(`server=${address},${secret},…`),
    sign: line(signLine),
    account: line(`server=${address},${secret},acct-port=${acctPort},…`),
    interims: line(interimLine(askedIntervalS)),
    orders,
    trust: orders,
    time: 'chronyc makestep',
    sendFrom: (source) => line(`bind=${source}`),
    wait: (milliseconds) => line(timeoutLine(milliseconds)),
    name: (name) => line(identifierLine(name)),
  }
}

function otherMends({ server = 'Gatehouse', acctPort, coaPort, askedIntervalS }: MendFacts): Mends {
  return {
    secret: `set the shared secret of the RADIUS server ${server} on the NAS to the one of its client`,
    sign: 'let the NAS send Message-Authenticator in every Access-Request',
    account: `let the NAS send accounting (Start, Interim-Update, Stop) to ${server} port ${acctPort}`,
    interims: `let the NAS send an Interim-Update every ${askedIntervalS} s`,
    orders: `let the NAS take CoA and Disconnect (RFC 5176) from ${server} at UDP port ${coaPort}`,
    trust: `name ${server} as a dynamic authorization client of the NAS, with the same shared secret`,
    time: 'let the NAS follow an NTP server',
    sendFrom: (address) => `let the RADIUS packets of the NAS leave from ${address}`,
    wait: (milliseconds) => `let the NAS wait ${Math.ceil(milliseconds / 1000)} s for an answer before it asks again`,
    name: (name) => `let the NAS send ${name} as its NAS-Identifier`,
  }
}
