// What of a request may become a subscriber's.
import type { PostUnmatchedIdAttachData, UnmatchedRequest } from '../api/generated/types.gen.ts'

export type Fact = NonNullable<PostUnmatchedIdAttachData['body']['facts']>[number]

/** Those that the request carries, as they are shown. */
export function carriedFacts(request: UnmatchedRequest): readonly { fact: Fact; value: string }[] {
  const line = [request.interface, request.port, request.s_vlan, request.c_vlan].filter((part) => part !== null)
  const all: readonly [Fact, string | null][] = [
    ['mac', request.mac],
    ['circuit-id', request.circuit_id],
    ['remote-id', request.remote_id],
    ['duid', request.duid],
    ['interface', line.length === 0 ? null : line.join(' ')],
    ['nas-group', request.nas_group],
  ]
  return all.flatMap(([fact, value]) => (value === null || value === '' ? [] : [{ fact, value }]))
}

/** Without a name of its own it is a line (IPoE), which dials in by its MAC or by nothing. */
export function looksLikeIpoe({ username, mac }: UnmatchedRequest): boolean {
  const bare = (text: string) => text.toLowerCase().replaceAll(/[^0-9a-f]/g, '')
  return username === '' || (mac !== null && bare(username) === bare(mac) && /^[0-9a-f:.-]+$/i.test(username))
}
