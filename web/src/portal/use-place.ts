// Where in the portal one is: the last part of the address. Three places need no router.
import { useSyncExternalStore, type MouseEvent } from 'react'

export const places = ['overview', 'sessions', 'account'] as const
export type Place = (typeof places)[number]

const listeners = new Set<() => void>()

export function addressOf(place: Place): string {
  return place === 'overview' ? '/portal' : `/portal/${place}`
}

export function usePlace(): Place {
  const path = useSyncExternalStore(listen, () => window.location.pathname)
  return places.find((place) => path === addressOf(place)) ?? 'overview'
}

/** A link within the portal; opened elsewhere, by the wheel or with Ctrl, it is a link as any other. */
export function followLink(event: MouseEvent<HTMLAnchorElement>): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
  event.preventDefault()
  window.history.pushState(null, '', event.currentTarget.href)
  for (const listener of listeners) listener()
}

function listen(listener: () => void): () => void {
  listeners.add(listener)
  window.addEventListener('popstate', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('popstate', listener)
  }
}
