// The one error of everything that talks to a router's management side: what went wrong as a kind that a program can act
// upon, and as a sentence that a person can. It never holds a password.

export type RouterErrorKind =
  | 'refused-login'
  | 'timeout'
  | 'closed'
  | 'trap'
  | 'fatal'
  | 'protocol'
  | 'certificate'
  | 'http'

/** Thrown by every transport, whatever the backend. `path` is the menu or command that was asked, where there was one. */
export class RouterError extends Error {
  override readonly name = 'RouterError'
  readonly kind: RouterErrorKind
  readonly path: string | undefined

  constructor(kind: RouterErrorKind, sentence: string, more: { path?: string | undefined; cause?: unknown } = {}) {
    super(sentence, more.cause === undefined ? undefined : { cause: more.cause })
    this.kind = kind
    this.path = more.path
  }
}

/** Whether the router says that the item is gone: "no such item" over both backends, whatever number follows it. */
export function saysNoSuchItem(error: unknown): boolean {
  return (
    error instanceof RouterError &&
    (error.kind === 'trap' || error.kind === 'http') &&
    /no such item/i.test(error.message)
  )
}
