// Whom nobody knows, at a NAS whose group has a walled garden for them (domain/unknown-garden.ts): whether this refusal becomes an
// accept, and what it gives. The Class of such a login is nobody's.

import type { Authorization } from '../domain/authorization.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { Nas } from '../domain/nas.ts'
import { issueClass, newClassId, nobody } from '../domain/session-class.ts'
import type { Settings } from '../domain/setting.ts'
import { authorizeUnknown, fenceOf, takesIn } from '../domain/unknown-garden.ts'
import type { UnknownGarden } from '../domain/unknown-garden.ts'
import { vendorOf } from '../nas/vendors/vendor.ts'
import type { Rejected } from './access-judge.ts'
import type { ReadAccess } from './access-packet.ts'

/** The garden that takes this refused login in; undefined: it is refused, as where nothing of it would fence anything there. */
export function unknownGardenOf(
  { nas, read }: { readonly nas: Nas; readonly read: ReadAccess },
  rejected: Rejected,
  settings: Settings,
): UnknownGarden | undefined {
  const garden = rejected.subject === undefined ? nas.unknownGarden : undefined
  if (garden === undefined || !takesIn({ reason: rejected.reason, method: read.method })) return undefined
  const { addressList, pool } = fenceOf(garden, settings)
  return pool !== undefined || (addressList !== undefined && takesLists(nas, garden, settings)) ? garden : undefined
}

/** What such a login gets, with a Class of its own. */
export function authorizationOfUnknown(
  { keyring, settings }: { readonly keyring: Keyring; readonly settings: Settings },
  nas: Nas,
  garden: UnknownGarden,
): Authorization {
  const classId = newClassId({ garden: true, listed: fenceOf(garden, settings).addressList !== undefined })
  return authorizeUnknown(garden, {
    classId,
    nasAttributes: nas.attributes,
    nasIntervalS: nas.settings.interim_interval_s,
    class: (intervalS) => issueClass(keyring, { classId, subscriberId: nobody, intervalS }),
    // RFC 4372 §2.1: it names a subscriber, and there is none.
    cui: undefined,
    settings,
  })
}

/** Whether an address list says anything to this NAS: on some only a pool fences. */
function takesLists(nas: Nas, garden: UnknownGarden, settings: Settings): boolean {
  const context = { classId: 4n, nasAttributes: [], class: () => Buffer.alloc(0), cui: undefined, settings }
  const given = authorizeUnknown(garden, context)
  const { acceptAttributes } = vendorOf(nas.vendor)
  const count = (addressList: string | undefined) => acceptAttributes({ ...given, addressList }, nas.settings).length
  return count(given.addressList) > count(undefined)
}
