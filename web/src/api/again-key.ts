// The key under which the same request may be sent again when no answer came: whatever was done the first time is not done twice.

/** For a form: the same key for as long as what is sent is the same. */
export function createAgainKey(): (body: unknown) => string {
  let last: { text: string; key: string } | undefined
  return (body) => {
    const text = JSON.stringify(body)
    if (last?.text !== text) last = { text, key: randomKey() }
    return last.key
  }
}

/** `crypto.randomUUID` is not there on a page without TLS. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((octet) => octet.toString(16).padStart(2, '0')).join('')
}
