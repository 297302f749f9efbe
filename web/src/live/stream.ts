// What happens at the ISP, as it happens: one stream of server-sent events for the whole panel, open while somebody listens and
// the tab is looked at. It takes up where it was left, and waits longer each time that it is refused.

/** `gap`: something was missed, and what hangs upon it has to be read again. */
export const liveKinds = ['decision', 'session-start', 'session-stop', 'coa', 'audit', 'alarm', 'bulk', 'gap'] as const
export type LiveKind = (typeof liveKinds)[number]

export type LiveEvent = {
  kind: LiveKind
  key?: string
  at?: string
  subscriber_id?: number | null
  username?: string | null
  [more: string]: unknown
}

type Listener = (event: LiveEvent) => void

/** So long a hidden tab keeps its stream: whoever looks at another tab for a moment misses nothing. */
const hiddenMs = 60_000
const shortestWaitMs = 1_000
const longestWaitMs = 30_000
/** Who comes back is told some events twice; so many keys are remembered. */
const mostKeys = 2_000

const listeners = new Map<LiveKind, Set<Listener>>()
let keys = new Set<string>()
let source: EventSource | undefined
let lastId = ''
let waitMs = shortestWaitMs
let retry: ReturnType<typeof setTimeout> | undefined
let leaving: ReturnType<typeof setTimeout> | undefined

/** Hears events of these kinds until the returned function is called. */
export function listen(kinds: readonly LiveKind[], listener: Listener): () => void {
  for (const kind of kinds) {
    const those = listeners.get(kind) ?? new Set()
    listeners.set(kind, those.add(listener))
  }
  open()
  return () => {
    for (const kind of kinds) listeners.get(kind)?.delete(listener)
    // A page that is left for another one that listens too keeps the stream.
    setTimeout(() => !isHeard() && close(), 1_000)
  }
}

function isHeard(): boolean {
  return [...listeners.values()].some((those) => those.size > 0)
}

function open(): void {
  if (source !== undefined || retry !== undefined || document.hidden || !isHeard()) return
  const query = lastId === '' ? '' : `?last_event_id=${encodeURIComponent(lastId)}`
  const opened = new EventSource(`/api/v1/events${query}`)
  source = opened
  opened.addEventListener('open', () => (waitMs = shortestWaitMs))
  for (const kind of liveKinds) opened.addEventListener(kind, (message) => tell(kind, message))
  // Not permitted any more, or it was refused: the browser gives up after an answer that is no stream, we do not.
  opened.addEventListener('end', () => again())
  opened.addEventListener('error', () => opened.readyState === EventSource.CLOSED && again())
}

function tell(kind: LiveKind, message: MessageEvent<string>): void {
  if (message.lastEventId !== '') lastId = message.lastEventId
  const event = { ...(JSON.parse(message.data) as Omit<LiveEvent, 'kind'>), kind } as LiveEvent
  if (event.key !== undefined) {
    if (keys.has(event.key)) return
    if (keys.size >= mostKeys) keys = new Set()
    keys.add(event.key)
  }
  for (const listener of listeners.get(kind) ?? []) listener(event)
}

function again(): void {
  close()
  retry = setTimeout(() => {
    retry = undefined
    open()
  }, waitMs)
  waitMs = Math.min(longestWaitMs, waitMs * 2)
}

function close(): void {
  source?.close()
  source = undefined
  clearTimeout(retry)
  retry = undefined
}

/** Nobody is signed in any more: the next one begins anew. */
export function forgetLive(): void {
  close()
  lastId = ''
  keys = new Set()
}

document.addEventListener('visibilitychange', () => {
  clearTimeout(leaving)
  if (document.hidden) leaving = setTimeout(close, hiddenMs)
  else open()
})
