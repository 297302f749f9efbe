// Hearing what happens while something is on screen: `useLive('session-start', (event) => …)`. Nothing is heard by who may not.
import { useEffect, useEffectEvent } from 'react'
import { useMay } from '../sign-in/me.ts'
import { listen, type LiveEvent, type LiveKind } from './stream.ts'

/** The listener may change with every render; the stream does not. Listen to `gap` too where a missed event matters. */
export function useLive(kinds: LiveKind | readonly LiveKind[], listener: (event: LiveEvent) => void): void {
  const may = useMay('log.read')
  const hear = useEffectEvent(listener)
  const wanted = typeof kinds === 'string' ? kinds : kinds.join(' ')
  useEffect(() => {
    if (!may) return undefined
    return listen(wanted.split(' ') as LiveKind[], (event) => hear(event))
  }, [may, wanted])
}
