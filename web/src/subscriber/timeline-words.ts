// What is said of each thing that happened to a subscriber, by its kind.
import type { TFunction } from 'i18next'
import type { TimelineItem } from '../api/generated/types.gen.ts'
import { formatMoney, formatOctets, formatSpan } from '../i18n/format.ts'
import { actionTitle } from '../subscribers/action-list.ts'
import { flow } from './flow.ts'
import { sentenceOf } from './why-words.ts'

type Part = string | false | null | undefined
type Data = TimelineItem['data']

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined
}

/** Something that somebody should look at. */
export function badOf({ kind, data }: TimelineItem): boolean {
  if (kind === 'decision') return data['accepted'] !== true
  return kind === 'coa' && ['failed', 'nacked', 'expired'].includes(String(data['state']))
}

export function titleOf({ kind, data }: TimelineItem, t: TFunction): string {
  switch (kind) {
    case 'decision': {
      const [reason, accepted] = [String(data['reason']), data['accepted'] === true]
      return sentenceOf({ reason, accepted, sentence: String(data['sentence']) }, t)
    }
    case 'ledger':
      return t(`money.kinds.${data['kind'] as 'payment'}`, { defaultValue: String(data['kind']) })
    case 'audit':
      return auditTitle(String(data['action']), t)
    case 'coa':
      return t(`enforcement.wishes.${data['wish'] as 'reapply'}`, { defaultValue: String(data['wish']) })
    default:
      return t(`timeline.${kind}`)
  }
}

/** `subscriber.renew` is told as the action is called. */
export function auditTitle(action: string, t: TFunction): string {
  const name = action.replace(/^subscriber\./, '')
  return t(`timeline.deeds.${name as 'edit'}`, { defaultValue: actionTitle(name, t) })
}

export function partsOf({ kind, data }: TimelineItem, t: TFunction): string[] {
  return wordsOf[kind](data, t).filter((part): part is string => typeof part === 'string' && part !== '')
}

const wordsOf: Record<TimelineItem['kind'], (data: Data, t: TFunction) => Part[]> = {
  decision: (data, t) => [
    Number(data['count']) > 1 && t('why.times', { count: Number(data['count']) }),
    text(data['nas']),
    text(data['interface']),
    text(data['detail']),
  ],
  'session-start': (data, t) => [
    text(data['nas']),
    text(data['framed_ip']),
    text(data['delegated_ipv6_prefix']) ?? text(data['framed_ipv6_prefix']),
    text(data['mac']),
    text(data['interface']),
    ...(['mac', 'framed_ip', 'interface'] as const).map((name) => {
      const before = text(data[`${name}_before`])
      return before !== undefined && t(`timeline.before.${name}`, { before })
    }),
  ],
  'session-stop': (data, t) => [
    text(data['nas']),
    data['session_time'] != null && formatSpan(Number(data['session_time']) * 1_000),
    flow(formatOctets(text(data['output_octets']) ?? '0'), formatOctets(text(data['input_octets']) ?? '0')),
    data['ended_by'] != null &&
      t(`subscriber.endedBy.${data['ended_by'] as 'stop'}`, { defaultValue: text(data['ended_by']) ?? '' }),
  ],
  coa: (data, t) => [
    text(data['nas']),
    t(`enforcement.states.${data['state'] as 'done'}`, { defaultValue: String(data['state']) }),
    text(data['reason']),
    data['evidence'] != null && t(`enforcement.proofs.${data['evidence'] as 'acked'}`),
  ],
  ledger: (data) => [
    formatMoney(String(data['amount']), String(data['currency'])),
    text(data['reason']),
    text(data['note']),
    text(data['author_name']),
  ],
  comment: (data) => [text(data['text']), text(data['author_name'])],
  audit: (data) => [text(data['author_name']), data['viewed_by'] != null && `(${text(data['viewed_by'])})`],
}
