// SQL conditions about leases that several statements share: who uses an address at this moment, whatever our books of leases
// say. Each is a look-up by index. An address that a session has is in no doubt; a login whose session has not told its address
// yet (delegated prefixes come with a later Interim) is known by its Class.

/** Seconds in which a login holds its address before its Start has come. */
export const holdSeconds = 60

const sessionColumns = ['framed_ip', 'framed_ipv6_prefix', 'delegated_ipv6_prefix'] as const

/** SQL: an open session of the space has the address of `lease`; with `line` (columns of a row) only one of another line. */
export function usedBySessionSql(lease: string, line?: string): string {
  const other =
    line === undefined
      ? ''
      : `and (s.subscriber_id, s.line, s.nas_group_id) is distinct from
          (${line}.subscriber_id, ${line}.line, ${line}.nas_group_id)`
  const of = (column: string) => `exists (
      select from session s where s.${column} = ${lease}.address and s.address_space_id = ${lease}.address_space_id
        and s.ended_at is null and s.service is null ${other})`
  const [four, ...six] = sessionColumns
  return `case family(${lease}.address) when 4 then ${of(four)} else ${six.map(of).join(' or ')} end`
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

/** SQL: a subscriber's static address is, or overlaps, that of `lease`; with `except` (an expression) of another subscriber. */
export function isStaticSql(lease: string, except?: string): string {
  return `exists (
      select from subscriber_address fixed where fixed.address_space_id = ${lease}.address_space_id
        and address_range(fixed.prefix) && address_range(${lease}.address)
        ${except === undefined ? '' : `and fixed.subscriber_id <> ${except}`})`
}

/** SQL: every open session's addresses: (id, subscriber_id, line, nas_group_id, class_id, nas_id, address_space_id, address, started_at). */
export const heldAddressesSql = sessionColumns
  .map(
    (column) => `
    select s.id, s.subscriber_id, s.line, s.nas_group_id, s.class_id, s.nas_id, s.address_space_id, s.${column} as address,
      s.started_at
    from session s where s.ended_at is null and s.service is null and s.${column} is not null`,
  )
  .join(' union all ')

/**
 * SQL: when the last session ended that had the address of `lease`; null where the last two days know of none. `offset 0`, or the
 * planner would walk all ends from the newest on until it finds one of this address.
 */
export function lastEndSql(lease: string): string {
  const of = (column: string) => `(select max(had.ended_at) from (select s.ended_at from session s
      where s.${column} = ${lease}.address and s.address_space_id = ${lease}.address_space_id offset 0) as had)`
  return `greatest(${sessionColumns.map(of).join(', ')})`
}

/** SQL: an address as a reply has it: of IPv4 without a length. */
export function addressTextSql(address: string): string {
  return `case family(${address}) when 4 then host(${address}) else text(${address}) end`
}
