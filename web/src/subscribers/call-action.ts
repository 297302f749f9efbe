// An action on one subscriber: the calls are made from the list of actions, as the API's routes are.
import { client } from '../api/generated/client.gen.ts'

export type Outcome = {
  outcome: 'done' | 'unchanged'
  /** What would bring back what was. */
  undo?: { action: string; params: Record<string, unknown> }
  /** Shown once: the API does not know it any more. */
  revealed?: Record<string, string>
}

export async function callAction(id: number, action: string, params: Record<string, unknown>): Promise<Outcome> {
  const url = `/subscribers/${id}/${action}`
  const { data } = await client.post<{ 200: Outcome }, unknown, true>({
    url,
    body: params,
    headers: { 'Content-Type': 'application/json' },
    throwOnError: true,
  })
  return data
}
