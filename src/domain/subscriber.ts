// Subscribers as the command line writes them: every field a text, everything else by its name.

import type { Db } from '../db/schema.ts'
import type { Author } from './author.ts'
import type { CredentialKind } from './credential.ts'
import { createSubscriber } from './subscriber/create.ts'
import type { AddedSubscriber } from './subscriber/create.ts'
import type { FieldNames, SubscriberTexts } from './subscriber-fields.ts'

export type NewSubscriber = SubscriberTexts & {
  /** Name of the plan: of its owner or shared. */
  plan: string
  /** Name of the organisation; default the ISP. */
  owner?: string
  /** Name of the group; made where it is new. */
  group?: string
  /** Default clear. */
  credential?: CredentialKind | undefined
  /** Made up where neither is brought; an IPoE subscriber then has none. */
  password?: string
  /** 32 hex digits, in place of a password. */
  ntHash?: string
}

export const optionNames: FieldNames = {
  username: 'username',
  expiresAt: 'expires',
  accountType: 'account-type',
  mac: 'mac',
  staticIp: 'static-ip',
  circuitId: 'circuit-id',
  remoteId: 'remote-id',
  duid: 'duid',
  boundInterface: 'interface',
  port: 'port',
  sVlan: 's-vlan',
  cVlan: 'c-vlan',
  fullName: 'full-name',
  phone: 'phone',
  email: 'email',
  address: 'address',
  phoneExtension: 'phone-extension',
  latitude: 'latitude',
  longitude: 'longitude',
  zone: 'zone',
  language: 'language',
  nextPlan: 'next-plan',
  sessionLimit: 'session-limit',
  deviceLimit: 'device-limit',
  attributes: 'attribute',
}

/**
 * Adds a subscriber that is written as texts, plan and owner and group by their names. Throws as createSubscriber does, naming
 * fields as the command line does.
 */
export function addSubscriber(db: Db, input: NewSubscriber, by: Author, now: Date): Promise<AddedSubscriber> {
  const { plan, owner, group, credential, password, ntHash, ...texts } = input
  const named = { plan, owner, group, credential, password, ntHash }
  return createSubscriber(db, { ...named, texts, names: optionNames }, by, now)
}
