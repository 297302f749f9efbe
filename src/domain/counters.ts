// How the counters of a session move when a record arrives: the one definition, as a pure function and as the same rules in
// SQL for the accounting statement (a test holds the two against each other in a real Postgres).
// A session is a row of segments: in one segment the NAS only counts up; a wrap at 2^32 or a reset begins the next.
// Total = base (what earlier segments left) + segment (what the NAS says now). RFC 2866 §5.3, §5.4; RFC 2869 §5.1, §5.2.

/** Octets in the two directions: input is what the subscriber sent (upload), output what was sent to the subscriber. */
export type Octets = { input: bigint; output: bigint }

export type CounterState = {
  /** Acct-Session-Time of the newest record, in seconds. */
  sessionTime: number
  base: Octets
  segment: Octets
  /** Whether a gigawords attribute was ever seen: then 32 bits never wrap. */
  gigawords: boolean
}

export type CounterReading = { sessionTime: number; octets: Octets; gigawords: boolean }

/** What the line can carry in bit/s, by plan; undefined where nobody knows. */
export type LineRates = { upBps: bigint; downBps: bigint } | undefined

/**
 * `forward`: nothing falls. `old`: nothing rises, a late or repeated packet. `wrap`: each falling counter passed 2^32.
 * `reset`: both began again. `ambiguous`: one fell and no rule explains it, the total stays. `contradiction`: an earlier
 * or the same session time with a higher counter, nothing moves. The last two are flagged and never charged.
 */
export type CounterRule = 'forward' | 'old' | 'wrap' | 'reset' | 'ambiguous' | 'contradiction'

const wrapOctets = 2n ** 32n
/** The rate of a line whose plan is not known. */
const unknownRateBps = 1_000_000_000n
/** Bursts, overhead below IP and clocks that differ: a quarter more, and five seconds. */
const slackSeconds = 5

/** Which rule a record falls under. */
export function counterRule(state: CounterState, reading: CounterReading, rates: LineRates): CounterRule {
  const { sessionTime, octets } = reading
  const { segment } = state
  const falls = { input: octets.input < segment.input, output: octets.output < segment.output }
  const rises = { input: octets.input > segment.input, output: octets.output > segment.output }
  if (sessionTime >= state.sessionTime && !falls.input && !falls.output) return 'forward'
  if (sessionTime <= state.sessionTime && !rises.input && !rises.output) return 'old'
  if (sessionTime <= state.sessionTime) return 'contradiction'
  const inputWraps = falls.input && mayWrap(state, reading, 'input', rates?.upBps)
  const outputWraps = falls.output && mayWrap(state, reading, 'output', rates?.downBps)
  if ((!falls.input || inputWraps) && (!falls.output || outputWraps)) return 'wrap'
  return falls.input && falls.output ? 'reset' : 'ambiguous'
}

/** Whether 32 bits without gigawords may have passed 2^32 since the last record, at the speed of this line. */
function mayWrap(state: CounterState, reading: CounterReading, of: keyof Octets, rate = unknownRateBps): boolean {
  if (state.gigawords || reading.gigawords || state.segment[of] >= wrapOctets) return false
  const seconds = BigInt(reading.sessionTime - state.sessionTime + slackSeconds)
  // octets <= rate / 8 * 1.25 * seconds, in whole numbers.
  return (reading.octets[of] + wrapOctets - state.segment[of]) * 32n <= rate * 5n * seconds
}

/** The state after a record, the rule it fell under, and what it adds to usage (never negative). */
export function countRecord(
  state: CounterState,
  reading: CounterReading,
  rates: LineRates,
): { state: CounterState; rule: CounterRule; delta: Octets } {
  const rule = counterRule(state, reading, rates)
  const moved = rule !== 'old' && rule !== 'contradiction'
  const input = countOne(rule, state.base.input, state.segment.input, reading.octets.input)
  const output = countOne(rule, state.base.output, state.segment.output, reading.octets.output)
  const next = {
    sessionTime: Math.max(state.sessionTime, reading.sessionTime),
    base: { input: input.base, output: output.base },
    segment: moved ? reading.octets : state.segment,
    gigawords: state.gigawords || reading.gigawords,
  }
  const before = totalOctets(state)
  const after = totalOctets(next)
  return { state: next, rule, delta: { input: after.input - before.input, output: after.output - before.output } }
}

function countOne(rule: CounterRule, base: bigint, segment: bigint, octets: bigint): { base: bigint } {
  if (rule === 'wrap') return { base: octets < segment ? base + wrapOctets : base }
  if (rule === 'reset') return { base: base + segment }
  // The total stays what it was; the next record goes on from here.
  if (rule === 'ambiguous') return { base: base + segment - octets }
  return { base }
}

/** What the session has used by this state. */
export function totalOctets(state: CounterState): Octets {
  return { input: state.base.input + state.segment.input, output: state.base.output + state.segment.output }
}

/**
 * The same rules in SQL: a row (rule, t, i, o) from `s`, the session row, and `excluded`, the row that would be inserted. A value
 * that the record does not have, or that cannot be, is taken to be the row's own (the flag says which, see `RecordFlag`).
 * Wrapped behind `offset 0`, so that the planner keeps it as one step and the rates are read in the rare branch only.
 */
export const countersSql = `
  select
    case
      when c.t >= s.session_time and c.i >= s.segment_input and c.o >= s.segment_output then 'forward'
      when c.t <= s.session_time and c.i <= s.segment_input and c.o <= s.segment_output then 'old'
      when c.t <= s.session_time then 'contradiction'
      else (
        select case
          when (c.i >= s.segment_input or ${wrapSql('c.i', 's.segment_input', 'rate.up_bps')})
            and (c.o >= s.segment_output or ${wrapSql('c.o', 's.segment_output', 'rate.down_bps')}) then 'wrap'
          when c.i < s.segment_input and c.o < s.segment_output then 'reset'
          else 'ambiguous'
        end
        from (select 1) as one
        left join lateral (
          select plan.up_bps, plan.down_bps
          from subscriber join plan on plan.id = subscriber.plan_id
          where subscriber.id = s.subscriber_id
          limit 1
        ) as rate on true
      )
    end as rule,
    c.t, c.i, c.o
  from (
    select
      case when excluded.last_anomaly is null or excluded.last_anomaly like '%-counters:%' then excluded.session_time
        else s.session_time end as t,
      case when excluded.last_anomaly is null or excluded.last_anomaly like '%-session-time:%' then excluded.segment_input
        else s.segment_input end as i,
      case when excluded.last_anomaly is null or excluded.last_anomaly like '%-session-time:%' then excluded.segment_output
        else s.segment_output end as o
    offset 0
  ) as c
  offset 0`

function wrapSql(octets: string, segment: string, rate: string): string {
  return `(not (s.gigawords or excluded.gigawords) and ${segment} < ${wrapOctets}
    and (${octets} + ${wrapOctets} - ${segment})::numeric * 32
    <= coalesce(${rate}, ${unknownRateBps})::numeric * 5 * (c.t - s.session_time + ${slackSeconds}))`
}

/** The new base of one direction in SQL, after `countersSql` gave `c`. */
export function baseSql(direction: 'input' | 'output'): string {
  const octets = direction === 'input' ? 'c.i' : 'c.o'
  const [base, segment] = [`s.base_${direction}`, `s.segment_${direction}`]
  return `case c.rule
    when 'wrap' then case when ${octets} < ${segment} then ${base} + ${wrapOctets} else ${base} end
    when 'reset' then ${base} + ${segment}
    when 'ambiguous' then ${base} + ${segment} - ${octets}
    else ${base} end`
}
