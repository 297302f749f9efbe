// Orders to NASes in words: where they stand, and which colour that is.
import type { CoaAttempt, CoaOrder } from '../api/generated/types.gen.ts'

export type OrderState = CoaOrder['state']

export const orderStates = [
  'waiting',
  'claimed',
  'acked',
  'nacked',
  'timeout',
  'done',
  'failed',
  'replaced',
  'expired',
] as const satisfies readonly OrderState[]

export const orderColours: Record<OrderState, string> = {
  waiting: 'blue',
  claimed: 'blue',
  acked: 'teal',
  done: 'green',
  nacked: 'red',
  timeout: 'orange',
  failed: 'red',
  expired: 'orange',
  replaced: 'gray',
}

export const outcomeColours: Record<CoaAttempt['outcome'], string> = {
  ack: 'green',
  removed: 'green',
  'not-there': 'green',
  nak: 'red',
  'bad-authenticator': 'red',
  error: 'red',
  timeout: 'orange',
  'still-there': 'orange',
}
