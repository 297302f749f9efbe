// Whether Gatehouse answers: told by every answer and every silence. While it is silent it is asked again every few seconds, and
// what is on screen is read anew when it is back.
import { useSyncExternalStore } from 'react'
import { client } from '../api/generated/client.gen.ts'

const askAgainMs = 3_000
let isDown = false
let asking: ReturnType<typeof setTimeout> | undefined
const listeners = new Set<() => void>()
let onBack: () => void = () => undefined

/** Watches every call of the panel. `back` is called when there are answers again. */
export function watchLine(back: () => void): void {
  onBack = back
  client.setConfig({ ...client.getConfig(), fetch: watchedFetch })
  addEventListener('offline', () => set(true))
  addEventListener('online', () => void ask())
}

export function useIsLineDown(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => isDown,
  )
}

const watchedFetch: typeof fetch = async (input, init) => {
  try {
    const response = await fetch(input, init)
    set(isOfProxy(response))
    return response
  } catch (error) {
    const signal = input instanceof Request ? input.signal : init?.signal
    if (signal?.aborted !== true) set(true)
    throw error
  }
}

/** What stands before Gatehouse says that it has no answer; Gatehouse itself would say why. */
function isOfProxy({ status, headers }: Response): boolean {
  return [502, 503, 504].includes(status) && !(headers.get('content-type') ?? '').includes('json')
}

function set(down: boolean): void {
  if (down) asking ??= setTimeout(() => void ask(), askAgainMs)
  if (down === isDown) return
  isDown = down
  if (!down) onBack()
  for (const listener of listeners) listener()
}

async function ask(): Promise<void> {
  clearTimeout(asking)
  asking = undefined
  await watchedFetch('/api/v1/setup', { headers: { 'x-gatehouse': '1' } }).catch(() => undefined)
}
