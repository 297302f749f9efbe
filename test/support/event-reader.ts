// Reads server-sent events in tests: waits for the event that a test means, and remembers the last id as a browser does.
import type { Client } from './api.ts'

export type ReadEvent = { event: string; data: Record<string, unknown> }

export type EventReader = {
  status: number
  /** As a browser would send it. */
  lastId(): string
  /** All that came so far. */
  events: ReadEvent[]
  /** The next event that fits; those before it are passed over. Undefined: the stream ended. */
  next(fits: (event: ReadEvent) => boolean): Promise<ReadEvent | undefined>
  close(): Promise<void>
}

/** Opens the stream and waits for its `open`. */
export async function readEvents(
  client: Client,
  query = '',
  headers: Record<string, string> = {},
): Promise<EventReader> {
  const response = await client.send('GET', `/events${query}`, { headers })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  const events: ReadEvent[] = []
  let text = ''
  let id = headers['last-event-id'] ?? ''
  let at = 0
  const readMore = async (): Promise<boolean> => {
    const { done, value } = await reader.read()
    if (done) return false
    text += value
    const blocks = text.split('\n\n')
    text = blocks.pop()!
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
      id = field('id') ?? id
      const data = field('data')
      if (data !== undefined) events.push({ event: field('event')!, data: JSON.parse(data) as ReadEvent['data'] })
    }
    return true
  }
  const opened: EventReader = {
    status: response.status,
    lastId: () => id,
    events,
    async next(fits) {
      for (;;) {
        while (at < events.length) {
          const event = events[at++]!
          if (fits(event)) return event
        }
        if (!(await readMore())) return undefined
      }
    },
    close: () => reader.cancel(),
  }
  if (response.status === 200) await opened.next(({ event }) => event === 'open')
  return opened
}
