// SQL conditions about leases that several statements share: who uses an address at this moment, whatever our books of leases
// say. Each is a look-up by index. An address that a session has is in no doubt; a login whose session has not told its address
// yet (delegated prefixes come with a later Interim) is known by its Class. A prefix of IPv6 is used by whatever lies in it.

/** Seconds in which a login holds its address before its Start has come. */
export const holdSeconds = 60

const [fourColumn, ...sixColumns] = ['framed_ip', 'framed_ipv6_prefix', 'delegated_ipv6_prefix'] as const

/** SQL: a column of `session` is in the prefix of `lease`. As btree sorts addresses, what lies in a prefix comes right behind it. */
function inPrefixSql(column: string, lease: string): string {
  return `${column} between ${lease}.address and set_masklen(broadcast(${lease}.address), 128)`
}

/**
 * SQL: an open session of the space has the address of `lease`, or one in it; with `line` (columns of a row) only one of another
 * line. `offset 0`, or the planner may read all open sessions into a hash for the few addresses of a claim.
 */
export function usedBySessionSql(lease: string, line?: string): string {
  const other =
    line === undefined
      ? ''
      : `and (s.subscriber_id, s.line, s.nas_group_id) is distinct from
          (${line}.subscriber_id, ${line}.line, ${line}.nas_group_id)`
  const by = (condition: string) => `exists (
      select from session s where ${condition} and s.address_space_id = ${lease}.address_space_id
        and s.ended_at is null and s.service is null ${other} offset 0)`
  const six = sixColumns.map((column) => by(inPrefixSql(`s.${column}`, lease)))
  return `case family(${lease}.address) when 4 then ${by(`s.${fourColumn} = ${lease}.address`)} else ${six.join(' or ')} end`
}

/**
 * SQL: the session of the login that `lease` was given to is open and has not said which address it has, or not since: a renewal
 * that leads a line into another pool is told with the next interim.
 */
export function usedByLoginSql(lease: string, pool: string): string {
  return `exists (
      select from session s where s.subscriber_id = ${lease}.subscriber_id and s.class_id = ${lease}.class_id
        and s.ended_at is null and s.service is null
        and (s.event_at < ${lease}.claimed_at
          or case ${pool}.kind when 'ipv4' then s.framed_ip when 'ipv6-prefix' then s.framed_ipv6_prefix
            else s.delegated_ipv6_prefix end is null))`
}

/** SQL: a subscriber's static address is, or overlaps, that of `lease`. */
export function isStaticSql(lease: string): string {
  return `exists (
      select from subscriber_address fixed where fixed.address_space_id = ${lease}.address_space_id
        and address_range(fixed.prefix) && address_range(${lease}.address))`
}

const heldBy = 's.id, s.subscriber_id, s.line, s.nas_group_id, s.class_id, s.nas_id, s.address_space_id, s.started_at'
const isOpen = 's.ended_at is null and s.service is null'

/**
 * SQL: every open session's addresses: (id, subscriber_id, line, nas_group_id, class_id, nas_id, address_space_id, started_at,
 * address). Of IPv6 the prefixes as the pools of its space cut them that its own is or lies in. `which`: a condition on session s.
 */
export const heldAddressesSql = (which = 'true'): string =>
  heldParts.map((part) => `${part} and ${which}`).join(' union all ')

const heldParts = [
  `select ${heldBy}, s.${fourColumn} as address from session s where ${isOpen} and s.${fourColumn} is not null`,
  ...sixColumns.map(
    (column) => `
    select ${heldBy}, network(set_masklen(s.${column}, cut.prefix_length))::inet as address
    from session s join (
        select distinct ip_pool.address_space_id, ip_pool.prefix_length from ip_pool where ip_pool.kind <> 'ipv4'
      ) as cut on cut.address_space_id = s.address_space_id and cut.prefix_length <= masklen(s.${column})
    where ${isOpen} and s.${column} is not null`,
  ),
]

/** SQL: an open session of another NAS has the address of `held`, a row of heldAddressesSql, or one in it. */
export function heldElsewhereSql(held: string): string {
  const by = (condition: string) => `exists (
      select from session s where ${condition} and s.address_space_id = ${held}.address_space_id
        and s.ended_at is null and s.service is null and s.nas_id <> ${held}.nas_id offset 0)`
  const six = sixColumns.map((column) => by(inPrefixSql(`s.${column}`, held)))
  return `case family(${held}.address) when 4 then ${by(`s.${fourColumn} = ${held}.address`)} else ${six.join(' or ')} end`
}

/**
 * SQL: when the last session ended that had the address of `lease`, or one in it; null where the last two days know of none. `offset 0`, or the
 * planner would walk all ends from the newest on until it finds one of this address.
 */
export function lastEndSql(lease: string): string {
  const by = (condition: string) => `(select max(had.ended_at) from (select s.ended_at from session s
      where ${condition} and s.address_space_id = ${lease}.address_space_id offset 0) as had)`
  const six = sixColumns.map((column) => by(inPrefixSql(`s.${column}`, lease)))
  return `case family(${lease}.address) when 4 then ${by(`s.${fourColumn} = ${lease}.address`)} else greatest(${six.join(', ')}) end`
}

/** SQL: an address as a reply has it: of IPv4 without a length. */
export function addressTextSql(address: string): string {
  return `case family(${address}) when 4 then host(${address}) else text(${address}) end`
}
