// The value of a column in a row, in a form in which two of them can be compared: `2027-01-31` and the instant that it means are
// the same.

import type { ImportColumn } from './column.ts'
import type { ImportRow } from './row.ts'

type Comparable = string | number | boolean | null | undefined

const readers: Readonly<Record<Exclude<ImportColumn, 'password' | 'nt_hash'>, (row: ImportRow) => Comparable>> = {
  username: ({ fields }) => fields.username,
  plan: ({ plan }) => plan,
  next_plan: ({ fields }) => fields.nextPlan,
  expires_at: ({ fields }) => fields.expiresAt?.getTime(),
  grace_until: ({ more }) => timeOf(more.graceUntil),
  activated_at: ({ more }) => timeOf(more.activatedAt),
  period_started_at: ({ more }) => timeOf(more.periodStartedAt),
  auto_renew: ({ more }) => more.autoRenew,
  enabled: ({ more }) => more.enabled,
  block_reason: ({ more }) => more.blockReason,
  blocked_at: ({ more }) => timeOf(more.blockedAt),
  full_name: ({ fields }) => fields.fullName,
  phone: ({ fields }) => fields.phone,
  phone_extension: ({ fields }) => fields.phoneExtension,
  email: ({ fields }) => fields.email,
  address: ({ fields }) => fields.address,
  latitude: ({ fields }) => fields.latitude,
  longitude: ({ fields }) => fields.longitude,
  zone: ({ fields }) => fields.zone,
  language: ({ fields }) => fields.language,
  account_type: ({ fields }) => fields.accountType,
  bound_macs: ({ fields }) => fields.macs.toSorted().join(' '),
  learnt_macs: ({ more }) => more.learntMacs.toSorted().join(' '),
  static_addresses: ({ fields }) =>
    fields.addresses
      .map(({ prefix }) => prefix)
      .toSorted()
      .join(' '),
  routes: ({ more }) => more.routes.join('\n'),
  attributes: ({ fields }) => fields.attributes.join('\n'),
  session_limit: ({ fields }) => fields.sessionLimit,
  device_limit: ({ fields }) => fields.deviceLimit,
  circuit_id: ({ fields }) => fields.circuitId?.toString('hex'),
  remote_id: ({ fields }) => fields.remoteId?.toString('hex'),
  duid: ({ fields }) => fields.duid?.toString('hex'),
  bound_interface: ({ fields }) => fields.binding.interface,
  bound_port: ({ fields }) => fields.binding.port,
  bound_s_vlan: ({ fields }) => fields.binding.sVlan,
  bound_c_vlan: ({ fields }) => fields.binding.cVlan,
  bound_nas_group: ({ nasGroup }) => nasGroup,
  owner: ({ owner }) => owner,
  payer: ({ payer }) => payer,
  group: ({ group }) => group,
  created_at: ({ more }) => timeOf(more.createdAt),
}

/** The value of a column; absent, none and null are the same. */
export function columnValue(row: ImportRow, column: ImportColumn): Comparable {
  if (column === 'password' || column === 'nt_hash') return undefined
  return readers[column](row) ?? undefined
}

function timeOf(at: Date | null | undefined): number | undefined {
  return at?.getTime()
}
