// What may differ from one NAS to the next, as its form offers it. The API says what each may be.

export type Setting = { name: SettingName } & (
  | { kind: 'flag' }
  | { kind: 'number'; unit: '' | 'ms' | 's'; least: number; most: number; isDecimal?: boolean }
  | { kind: 'choice'; choices: readonly string[] }
  | { kind: 'text'; isSecret?: boolean }
)

export const settingGroups = {
  orders: [
    { name: 'coa', kind: 'flag' },
    { name: 'disconnect', kind: 'flag' },
    { name: 'coa_timeout_ms', kind: 'number', unit: 'ms', least: 100, most: 30_000 },
    { name: 'coa_tries', kind: 'number', unit: '', least: 1, most: 10 },
    { name: 'coa_pace', kind: 'number', unit: '', least: 1, most: 10_000 },
    { name: 'reconcile', kind: 'choice', choices: ['off', 'show', 'mend'] },
  ],
  accounting: [
    { name: 'interim_interval_s', kind: 'number', unit: 's', least: 60, most: 86_400 },
    { name: 'stale_factor', kind: 'number', unit: '', least: 1.5, most: 20, isDecimal: true },
    { name: 'swapped_octets', kind: 'flag' },
    { name: 'trust_time', kind: 'flag' },
  ],
  logins: [
    { name: 'patience_ms', kind: 'number', unit: 'ms', least: 100, most: 60_000 },
    { name: 'username_rule', kind: 'choice', choices: ['whole', 'strip-realm', 'strip-domain', 'strip-both'] },
    { name: 'mac_format', kind: 'choice', choices: ['colons', 'hyphens', 'dots', 'bare'] },
    { name: 'interface_source', kind: 'choice', choices: ['nas-port-id', 'nas-port', 'called-station-id'] },
    { name: 'ipoe_password', kind: 'text', isSecret: true },
  ],
  rates: [
    { name: 'service_name', kind: 'text' },
    { name: 'rate_form', kind: 'choice', choices: ['service', 'shaping', 'policy'] },
  ],
} as const satisfies Readonly<Record<string, readonly SettingOf[]>>

type SettingOf = { name: string } & Record<string, unknown>
export type SettingGroup = keyof typeof settingGroups
export type SettingName = (typeof settingGroups)[SettingGroup][number]['name']
