// What a page lets be done: functions that stay the same from one drawing to the next, and do what the last one says. What is given
// only such is drawn anew only when it shows something else.
import { useRef, useState } from 'react'

export function useWays<Ways extends Record<string, (...said: never[]) => unknown>>(ways: Ways): Ways {
  const now = useRef(ways)
  now.current = ways
  const [kept] = useState(() =>
    Object.fromEntries(Object.keys(ways).map((name) => [name, (...said: never[]) => now.current[name]!(...said)])),
  )
  return kept as Ways
}
