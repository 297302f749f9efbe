// What can be permitted, and what each built-in role may do. A route names one permission; what is not listed is refused.

/** Every permission, with the sentence that the role editor shows. */
export const permissions = {
  'subscriber.read': 'see subscribers, their sessions and usage',
  'subscriber.create': 'add and import subscribers',
  'subscriber.edit': 'change personal data, comments, groups and zones of subscribers',
  'subscriber.block': 'enable, disable, block and unblock subscribers',
  'subscriber.network': 'change devices, addresses, interface binding and attributes of subscribers',
  'subscriber.credential': 'reset passwords of subscribers',
  'subscriber.secret': 'see and export passwords of subscribers',
  'subscriber.disconnect': 'disconnect sessions',
  'subscriber.delete': 'delete and restore subscribers',
  'subscriber.purge': 'remove the data of persons for good, and hand out what is kept of them',
  'subscriber.owner': 'move subscribers to another organisation or payer',
  'service.renew': 'activate, renew, give grace and change plans at their price',
  'service.free': 'activate and renew free of charge, and revert renewals',
  'money.read': 'see balances, ledgers, statements and receipts',
  'money.post': 'take payments and top up',
  'money.adjust': 'charge, refund, adjust and reverse',
  'plan.read': 'see plans',
  'plan.edit': 'add, change and archive plans',
  'group.edit': 'add, rename and remove groups of subscribers',
  'bulk.all': 'let one bulk run reach all subscribers',
  'export.run': 'export lists to files',
  'report.read': 'see reports and the dashboard',
  'report.schedule': 'have reports sent by e-mail',
  'log.read': 'see access decisions and live activity',
  'address.search': 'find out who had an address, which is recorded',
  'unmatched.attach': 'attach unmatched requests to subscribers',
  'nas.read': 'see NASes, clients, realms and alarms',
  'nas.edit': 'add and change NASes, clients and realms, and clear alarms',
  'operator.read': 'see operators, roles and teams',
  'operator.edit': 'add, change, disable and delete operators and their teams',
  'role.edit': 'add and change roles',
  'organisation.read': 'see organisations',
  'organisation.edit': 'add and change organisations and their limits',
  'token.edit': 'see and revoke API tokens of others',
  'audit.read': 'see who did what',
  'setting.read': 'see settings',
  'setting.edit': 'change settings',
  'message.read': 'see messages, templates and webhooks',
  'message.edit': 'change templates and webhooks, and send again',
  'portal.impersonate': "open a subscriber's portal in its place",
  'operator.view-as': 'see the panel as another operator sees it',
} as const

export type Permission = keyof typeof permissions

/** Their names, in the order of the role editor. */
export const permissionNames = Object.keys(permissions) as Permission[]

/** Whether a text names a permission. */
export function isPermission(name: string): name is Permission {
  return Object.hasOwn(permissions, name)
}

export const builtInRoles = [
  'super-administrator',
  'administrator',
  'support',
  'billing',
  'reseller',
  'viewer',
] as const
export type BuiltInRole = (typeof builtInRoles)[number]

const reading: readonly Permission[] = ['subscriber.read', 'plan.read', 'report.read']

const support: readonly Permission[] = [
  ...reading,
  'subscriber.create',
  'subscriber.edit',
  'subscriber.block',
  'subscriber.network',
  'subscriber.credential',
  'subscriber.disconnect',
  'service.renew',
  'money.read',
  'group.edit',
  'log.read',
  'address.search',
  'unmatched.attach',
  'nas.read',
  'message.read',
  'portal.impersonate',
]

const billing: readonly Permission[] = [
  ...reading,
  'subscriber.edit',
  'subscriber.block',
  'service.renew',
  'service.free',
  'money.read',
  'money.post',
  'money.adjust',
  'export.run',
  'report.schedule',
  'message.read',
]

/** Sees and changes what its own organisation owns; that it sees nothing else is the scope's doing (scope.ts). */
const reseller: readonly Permission[] = [
  ...reading,
  'subscriber.create',
  'subscriber.edit',
  'subscriber.block',
  'subscriber.network',
  'subscriber.credential',
  'subscriber.disconnect',
  'subscriber.delete',
  'service.renew',
  'money.read',
  'group.edit',
  'export.run',
  'log.read',
  'audit.read',
  'portal.impersonate',
]

/** Only who is trusted with everything: rights themselves, persons' data for good, other people's eyes. */
const gravest: readonly Permission[] = ['role.edit', 'subscriber.purge', 'subscriber.secret', 'operator.view-as']

/** What concerns the ISP as a whole: no operator of a reseller ever has it, whatever its role says. */
const ofIspOnly: readonly Permission[] = [
  'subscriber.owner',
  'address.search',
  'unmatched.attach',
  'nas.read',
  'nas.edit',
  'role.edit',
  'organisation.read',
  'organisation.edit',
  'setting.read',
  'setting.edit',
  'message.read',
  'message.edit',
  'operator.view-as',
]

/** Whether the operators of such an organisation can have the permission at all. */
export function isPermittedTo(organisationKind: 'isp' | 'reseller', permission: Permission): boolean {
  return organisationKind === 'isp' || !ofIspOnly.includes(permission)
}

/** What a built-in role may do. */
export const rolePermissions: Readonly<Record<BuiltInRole, readonly Permission[]>> = {
  'super-administrator': permissionNames,
  administrator: permissionNames.filter((name) => !gravest.includes(name)),
  support,
  billing,
  reseller,
  viewer: [...reading, 'money.read', 'nas.read', 'log.read'],
}

/** The permissions of a role's row: by name where it is built in, else as stored; what this release does not know is left out. */
export function permissionsOf(role: { name: string; built_in: boolean; permissions: readonly string[] }): Permission[] {
  const builtIn = builtInRoles.find((name) => name === role.name)
  if (role.built_in && builtIn !== undefined) return [...rolePermissions[builtIn]]
  return role.permissions.filter(isPermission)
}
