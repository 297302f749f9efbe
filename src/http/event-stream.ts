// One open answer of server-sent events (WHATWG HTML §9.2). A reader that does not keep up is not waited for and not stored for:
// what it could not take is dropped and told as a `gap`.

import type { Response } from 'express'

export type SentEvent = { event: string; data: unknown; id?: string | undefined }

export type EventStream = {
  send(event: SentEvent): void
  /** Keeps the connection alive, and tells how far everything has been told. */
  heartbeat(id: string | undefined): void
  /** Says why, and ends. */
  end(reason: string): void
  isClosed(): boolean
  /** Called once, whoever ended it. */
  onClose(work: () => void): void
}

/** A reader that takes nothing for so long is gone. */
const longestBlockedMs = 60_000

/** Begins the answer. */
export function openEventStream(response: Response): EventStream {
  let dropped = 0
  let isBlocked = false
  let patience: NodeJS.Timeout | undefined

  response.status(200).set({ 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' })
  response.flushHeaders()
  response.on('error', () => response.destroy())
  response.on('close', () => clearTimeout(patience))

  const write = (text: string): void => {
    if (response.writableEnded || response.destroyed || response.write(text)) return
    if (isBlocked) return
    isBlocked = true
    patience = setTimeout(() => response.destroy(), longestBlockedMs)
    patience.unref()
  }
  response.on('drain', () => {
    clearTimeout(patience)
    isBlocked = false
    if (dropped === 0) return
    const data = { reason: 'slow-reader', dropped }
    dropped = 0
    write(textOf({ event: 'gap', data }))
  })

  return {
    send(event) {
      if (isBlocked) dropped += 1
      else write(textOf(event))
    },
    heartbeat(id) {
      if (!isBlocked) write(`${id === undefined ? '' : `id: ${id}\n`}: still here\n\n`)
    },
    end(reason) {
      if (response.writableEnded || response.destroyed) return
      response.end(isBlocked ? '' : textOf({ event: 'end', data: { reason } }))
      // Who does not read would hold the socket for ever.
      if (isBlocked) response.destroy()
    },
    isClosed: () => response.writableEnded || response.destroyed,
    onClose: (work) => void response.once('close', work),
  }
}

function textOf({ event, data, id }: SentEvent): string {
  // JSON has no line breaks of its own: one `data` line is the whole.
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
