// Which permission an edit needs for each of its fields (ASVS 8.2.3): to write a name is not to let somebody in on another line.

import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import type { Permission } from '../operator/permission.ts'
import type { SubscriberTexts } from '../subscriber-fields.ts'
import type { SubscriberPatch } from './edit.ts'

const byText: Partial<Record<keyof SubscriberTexts, Permission>> = {
  username: 'subscriber.credential',
  expiresAt: 'service.free',
  accountType: 'subscriber.network',
  mac: 'subscriber.network',
  staticIp: 'subscriber.network',
  circuitId: 'subscriber.network',
  remoteId: 'subscriber.network',
  duid: 'subscriber.network',
  boundInterface: 'subscriber.network',
  port: 'subscriber.network',
  sVlan: 'subscriber.network',
  cVlan: 'subscriber.network',
  sessionLimit: 'subscriber.network',
  deviceLimit: 'subscriber.network',
  attributes: 'subscriber.network',
}

/** Throws ForbiddenError for the first field that the author may not write. */
export function checkEditPermissions(patch: SubscriberPatch, by: Author): void {
  for (const [name, text] of Object.entries(patch.texts)) {
    const permission = text === undefined ? undefined : byText[name as keyof SubscriberTexts]
    if (permission !== undefined) requirePermission(by, permission)
  }
  const { nasGroup, attributes, routes, autoRenew, password, ntHash, credential } = patch
  if (nasGroup !== undefined || attributes !== undefined || routes !== undefined) {
    requirePermission(by, 'subscriber.network')
  }
  if (autoRenew !== undefined) requirePermission(by, 'service.renew')
  const isCredential = (password ?? '') !== '' || (ntHash ?? '') !== '' || credential !== undefined
  if (isCredential) requirePermission(by, 'subscriber.credential')
}
