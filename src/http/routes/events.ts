// Live activity as server-sent events: what is decided, begins, ends, is ordered and done, told within about a second to who may
// see it. Who comes back with Last-Event-ID is told what was missed; an event may then come twice, with the same key.

import { z } from 'zod'
import { eventInScope, topicPermissions, topics } from '../../domain/activity/event.ts'
import type { ActivityEvent, Topic } from '../../domain/activity/event.ts'
import { positionText, readPositionText } from '../../domain/activity/position.ts'
import type { Position } from '../../domain/activity/position.ts'
import type { Author } from '../../domain/author.ts'
import { NotFoundError } from '../../domain/field.ts'
import { reachableSubscribers } from '../../domain/scope.ts'
import type { Context } from '../context.ts'
import { hubOf } from '../event-hub.ts'
import type { EventHub, Told } from '../event-hub.ts'
import { openEventStream } from '../event-stream.ts'
import type { EventStream } from '../event-stream.ts'
import { requireOwnOrigin, takePlace, watchCaller } from '../live-reader.ts'
import { route } from '../route.ts'
import { idText, nothing, words } from '../schemas.ts'

const heartbeatMs = 15_000
/** So many rounds after a return may tell what the return has told. */
const overlappingRounds = 3
/** Rounds that may wait while a reader is told what it missed. */
const mostWaiting = 120

const query = z.strictObject({
  topics: words(topics).optional().meta({ description: 'Several by commas; default: all that the caller may see' }),
  subscriber_id: idText.optional(),
  last_event_id: z.string().max(8_000).optional().meta({ description: 'For who cannot send the header Last-Event-ID' }),
})

type Query = z.output<typeof query>

/** What one reader wants and may see. */
type Reader = { by: Author; topics: ReadonlySet<Topic>; subscriberId: bigint | undefined }

function mayTopic(by: Author, topic: Topic): boolean {
  const permission = topicPermissions[topic]
  return permission === undefined || by.permissions.has(permission)
}

function sees({ by, subscriberId }: Reader, event: ActivityEvent): boolean {
  if (subscriberId !== undefined && event.subscriberId !== subscriberId) return false
  return mayTopic(by, event.topic) && eventInScope(event, by.scope)
}

function present(event: ActivityEvent) {
  return {
    key: event.key,
    topic: event.topic,
    kind: event.kind,
    at: event.at.toISOString(),
    subscriber_id: event.subscriberId === null ? null : Number(event.subscriberId),
    username: event.username,
    ...event.data,
  }
}

/** Sends what the reader sees of it; only the last carries the position, so that a cut in between repeats and loses nothing. */
function tell(stream: EventStream, reader: Reader, told: Told): void {
  const seen = told.events.filter((event) => reader.topics.has(event.topic) && sees(reader, event))
  const cut = told.cut.filter((topic) => reader.topics.has(topic))
  if (cut.length > 0) stream.send({ event: 'gap', data: { reason: 'too-many', topics: cut } })
  for (const [at, event] of seen.entries()) {
    const id = at === seen.length - 1 ? positionText(told.position) : undefined
    stream.send({ event: event.kind, data: present(event), id })
  }
}

async function serveEvents(context: Context<unknown, Query>): Promise<void> {
  const { services, request, response, db, by, caller, now } = context
  requireOwnOrigin(request)
  const subscriberId = context.query.subscriber_id
  if (subscriberId !== undefined && (await reachableSubscribers(db, by.scope, [subscriberId])).length === 0) {
    throw new NotFoundError('subscriber', String(subscriberId))
  }
  const givePlaceBack = takePlace(caller!)
  const wanted = (context.query.topics ?? topics).filter((topic) => mayTopic(by, topic))
  const reader: Reader = { by, topics: new Set(wanted), subscriberId }
  const hub = hubOf(services)
  const waiting: Told[] = []
  let position: Position | undefined
  let isLive = false
  const before = { keys: new Set<string>(), rounds: 0 }
  const stream = { current: undefined as EventStream | undefined }
  const listener = {
    topics: reader.topics,
    take(told: Told) {
      if (!isLive || stream.current === undefined) {
        if (waiting.length < mostWaiting) waiting.push(told)
        return
      }
      if (before.rounds === overlappingRounds) before.keys.clear()
      before.rounds += 1
      tell(stream.current, reader, without(told, before.keys))
      position = told.position
    },
  }
  try {
    position = await hub.join(listener)
  } catch (error) {
    givePlaceBack()
    throw error
  }
  const opened = openEventStream(response)
  stream.current = opened
  const stops = [
    givePlaceBack,
    () => hub.leave(listener),
    watchCaller(services, request, {
      requestId: by.requestId ?? '',
      onChange: (author) => (reader.by = author),
      onEnd: () => opened.end('not-permitted-any-more'),
    }),
    every(heartbeatMs, () => opened.heartbeat(position && positionText(position))),
  ]
  // Each once; it may have gone already while we asked.
  const stopAll = (): void => stops.splice(0).forEach((stop) => stop())
  opened.onClose(stopAll)
  if (opened.isClosed()) stopAll()
  before.keys = await begin({ hub, stream: opened, reader, position }, lastEventId(context), now)
  isLive = true
  for (const told of waiting.splice(0)) listener.take(told)
  before.rounds = 0
}

/** What was told to one who came back may be in the rounds that were under way meanwhile. */
function without(told: Told, keys: ReadonlySet<string>): Told {
  return keys.size === 0 ? told : { ...told, events: told.events.filter((event) => !keys.has(event.key)) }
}

function lastEventId({ request, query: { last_event_id } }: Context<unknown, Query>): string | undefined {
  const header = request.headers['last-event-id']
  const id = typeof header === 'string' && header !== '' ? header : last_event_id
  return id === '' ? undefined : id
}

type Beginning = { hub: EventHub; stream: EventStream; reader: Reader; position: Position }

/** Says from where on everything is told; who comes back is told first what it missed. Gives the keys of that. */
async function begin(
  { hub, stream, reader, position }: Beginning,
  lastId: string | undefined,
  now: Date,
): Promise<Set<string>> {
  const from = lastId === undefined ? undefined : readPositionText(lastId, now)
  const topicsSeen = [...reader.topics]
  if (from === undefined) {
    if (lastId !== undefined) stream.send({ event: 'gap', data: { reason: 'away-too-long' } })
    stream.send({ event: 'open', data: { topics: topicsSeen }, id: positionText(position) })
    return new Set()
  }
  stream.send({ event: 'open', data: { topics: topicsSeen } })
  try {
    const missed = await hub.catchUp(from, reader.topics)
    tell(stream, reader, missed)
    return new Set(missed.events.map((event) => event.key))
  } catch {
    stream.send({ event: 'gap', data: { reason: 'not-readable' } })
    return new Set()
  }
}

function every(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms)
  timer.unref()
  return () => clearInterval(timer)
}

export const eventRoutes = [
  route({
    method: 'get',
    path: '/events',
    summary: 'Live activity as server-sent events',
    tag: 'Activity',
    access: 'log.read',
    query,
    answer: nothing,
    transaction: 'own',
    produces: ['text/event-stream'],
    run: serveEvents,
  }),
]
