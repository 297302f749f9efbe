// The token of a link that was mailed or printed on the console. It stands behind the #, where no server sees it, and is taken out
// of the address as soon as it is read, so that neither the history nor a screenshot keeps it.
import { useState } from 'react'

export function useLinkToken(): string {
  const [token] = useState(takeToken)
  return token
}

let taken = ''

function takeToken(): string {
  const found = new URLSearchParams(location.hash.slice(1)).get('token')
  if (found !== null) {
    taken = found
    history.replaceState(history.state, '', location.pathname + location.search)
  }
  return taken
}
