// What `bench/list.ts` asks: filters alone and combined, searches of every kind, every order, pages further on, resellers, counts.

export type Case = {
  group: 'filter' | 'sort' | 'search' | 'page' | 'reseller' | 'count'
  query: string
  /** Of a page further on: how many are turned before. */
  turned?: number
}

const everyColumn =
  'label,online,username,plan,expires_at,full_name,phone,address,account_type,interface,ip_address,created_at,balance,device_count,usage,nas,mac,group,owner,last_seen_at'

const sorts = [
  'username',
  'full_name',
  'phone',
  'plan',
  'expires_at',
  'created_at',
  'balance',
  'owner',
  'group',
  'online',
  'last_seen_at',
  'ip_address',
  'usage',
].flatMap((sort) => [sort, `-${sort}`])

/** Of those that operators use with a filter: the usual one and what they look for next. */
const usualSorts = ['username', 'expires_at', '-created_at', 'full_name', 'balance', 'plan', '-last_seen_at', '-usage']

/** The fields of a filter that stand for all of their kind. `NOW+n`: n days from now. */
const filters = [
  'label=active',
  'label=expired',
  'label=grace',
  'label=blocked',
  'label=new',
  'label=archived',
  'enabled=false',
  'online=true',
  'online=false&label=active',
  'never_online=true',
  'plan_id=5',
  'plan_id=40',
  'next_plan_id=3',
  'expires_within_days=3',
  'expires_from=NOW-9&expires_to=NOW-8',
  'group_id=7',
  'owner_id=30',
  'payer_id=4711',
  'nas_id=7',
  'nas_group_id=1',
  'interface=ae7.*',
  'interface=ae7.7',
  'port=0/7',
  's_vlan=7&c_vlan=107',
  'account_type=ipoe',
  'balance_from=-50&balance_to=-1',
  'balance_from=150',
  'created_from=NOW-10',
  'quota_used_from=95',
  'zone=zone 3',
  'language=fr',
  'has_comment=true',
  'has_static_address=true',
  'auto_renew=true&has_email=false',
  'label=active&online=true&plan_id=1,2,3&zone=zone 3,zone 9',
  'label=grace&owner_id=5,6&online=true',
  'label=blocked&block_reason=unpaid&account_type=ipoe',
]

const searches = [
  'müller',
  'Anna Müller 12',
  'line00012345',
  'an',
  'z',
  '0150 0001',
  '+491500123',
  'mail777@',
  'town 39',
  'lindenallee 7',
  'иванова',
  'nobody here',
  '02:00:00:1e:ee:f0',
  '02:00:01',
  '10.0.12.77',
  '10.0.12.0/24',
  '10.3.',
  '100.64.1.44',
  '2001:db8::/40',
  'example',
]

/** The cases at an instant. */
export function listCases(now: Date): Case[] {
  const instant = (_: string, days: string): string => new Date(now.getTime() + Number(days) * 86_400_000).toISOString()
  const encoded = (query: string): string =>
    query
      .split('&')
      .map((pair) => pair.split('=') as [string, string])
      .map(([name, value]) => `${name}=${encodeURIComponent(value.replace(/NOW([+-]\d+)/, instant))}`)
      .join('&')
  const page = (query: string): string => `/subscribers?limit=50&columns=${everyColumn}&${query}`
  return [
    ...filters.flatMap((filter) =>
      usualSorts.map((sort): Case => ({ group: 'filter', query: page(`${encoded(filter)}&sort=${sort}`) })),
    ),
    ...sorts.map((sort): Case => ({ group: 'sort', query: page(`sort=${sort}`) })),
    ...searches.flatMap((search) =>
      ['username', '-expires_at', '-last_seen_at'].flatMap((sort): Case[] => [
        { group: 'search', query: page(`${encoded(`search=${search}`)}&sort=${sort}`) },
        { group: 'search', query: page(`${encoded(`search=${search}&label=active`)}&sort=${sort}`) },
      ]),
    ),
    ...['username', '-expires_at', 'balance', '-last_seen_at', 'plan'].map((sort): Case => ({
      group: 'page',
      query: page(`label=active&sort=${sort}`),
      turned: 10,
    })),
    ...['', 'label=expired', 'online=true', encoded('search=müller')].flatMap((filter) =>
      ['username', 'expires_at', 'balance'].map((sort): Case => ({
        group: 'reseller',
        query: page([filter, `sort=${sort}`].filter((part) => part !== '').join('&')),
      })),
    ),
    ...[...filters, ...searches.map((search) => `search=${search}`)].map((filter): Case => ({
      group: 'count',
      query: `/subscribers/count?${encoded(filter)}`,
    })),
  ]
}
