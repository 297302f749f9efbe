// One connection of the RouterOS API: commands go out under tags, replies come back under them in any order. It is used up by
// the first thing that goes wrong: then every command that waits is rejected with the reason, and none stays pending.
import type { Socket } from 'node:net'
import { connectToRouter, explain, placeOf, type ConnectOptions } from './connect.ts'
import { RouterError } from './router-error.ts'
import type { RouterRow } from './transport.ts'
import { createSentenceReader, encodeSentence, type Sentence } from './words.ts'

/** `challenge` is what a router older than 6.43 answers the login with. */
export type ApiReply = { readonly rows: RouterRow[]; readonly challenge: string | undefined }

type Options = ConnectOptions & { readonly maximumAnswer: number }

type Waiting = {
  readonly path: string
  readonly rows: RouterRow[]
  octets: number
  trap: string | undefined
  readonly timer: NodeJS.Timeout
  readonly resolve: (reply: ApiReply) => void
  readonly reject: (error: RouterError) => void
}

/** Owns the socket. Made by `open`, gone for good after `close` or any failure. */
export class ApiConnection {
  readonly #socket: Socket
  readonly #options: Options
  readonly #place: string
  readonly #waiting = new Map<string, Waiting>()
  #lastTag = 0
  #isOpen = true

  static async open(options: Options): Promise<ApiConnection> {
    return new ApiConnection(await connectToRouter(options), options)
  }

  private constructor(socket: Socket, options: Options) {
    this.#socket = socket
    this.#options = options
    this.#place = placeOf(options.host, options.port)
    const read = createSentenceReader(options.maximumAnswer)
    socket.on('data', (chunk: Buffer) => this.#receive(read, chunk))
    socket.on('error', (cause: Error) => this.#end((path) => explain(cause, this.#place, path)))
    // Both, since a router that says goodbye in one direction only answers nothing more either.
    for (const event of ['end', 'close']) socket.on(event, () => this.#end((path) => this.#closedError(path)))
    if (socket.destroyed) this.#isOpen = false
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Sends one command, its first word the path. Settles within the time limit, whatever happens. */
  command(words: readonly string[]): Promise<ApiReply> {
    const path = words[0] ?? ''
    if (!this.#isOpen) return Promise.reject(this.#closedError(path))
    this.#lastTag += 1
    const tag = String(this.#lastTag)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#giveUp(tag), this.#options.timeoutMs)
      this.#waiting.set(tag, { path, rows: [], octets: 0, trap: undefined, timer, resolve, reject })
      this.#socket.write(encodeSentence([...words, `.tag=${tag}`]))
    })
  }

  close(): void {
    this.#end((path) => new RouterError('closed', `the connection to ${this.#place} was closed by us`, { path }))
  }

  #receive(read: (chunk: Buffer) => Sentence[], chunk: Buffer): void {
    if (!this.#isOpen) return
    try {
      for (const sentence of read(chunk)) this.#take(sentence)
    } catch (error) {
      const kind = error instanceof RouterError ? error.kind : 'protocol'
      const sentence = `${this.#place}: ${error instanceof Error ? error.message : 'its answer cannot be read'}`
      this.#end((path) => new RouterError(kind, sentence, { path, cause: error }))
    }
  }

  #take({ words, octets }: Sentence): void {
    const [reply = '', ...rest] = words
    // `!fatal` is for the whole connection: no tag, and its reason is a bare word.
    if (reply === '!fatal')
      throw new RouterError('fatal', `the router ended the session: ${rest.join(' ') || 'no reason'}`)
    if (!reply.startsWith('!')) throw new RouterError('protocol', 'what answers does not speak the RouterOS API')
    const tag = rest.find((word) => word.startsWith('.tag='))?.slice(5)
    const waiting = tag === undefined ? undefined : this.#waiting.get(tag)
    if (tag === undefined || waiting === undefined) {
      throw new RouterError('protocol', `a reply (${reply}) came for a command that nobody gave`)
    }
    waiting.octets += octets
    if (waiting.octets > this.#options.maximumAnswer) {
      throw new RouterError('protocol', `the answer is longer than ${this.#options.maximumAnswer} octets`)
    }
    const attributes = readAttributes(rest)
    if (reply === '!re') waiting.rows.push(attributes)
    else if (reply === '!trap') waiting.trap ??= attributes.message ?? 'no reason'
    else if (reply === '!done') this.#settle(tag, waiting, attributes.ret)
    // `!empty` (7.18) only says that no row comes, and `!done` follows; so may words that are not invented yet.
  }

  #settle(tag: string, waiting: Waiting, challenge: string | undefined): void {
    this.#waiting.delete(tag)
    clearTimeout(waiting.timer)
    const { path, trap, rows } = waiting
    if (trap === undefined) waiting.resolve({ rows, challenge })
    else waiting.reject(new RouterError('trap', `${this.#place} refused ${path}: ${trap}`, { path }))
  }

  #giveUp(tag: string): void {
    const slow = this.#waiting.get(tag)?.path
    const limit = this.#options.timeoutMs
    this.#end((path) =>
      path === slow
        ? new RouterError('timeout', `${this.#place} did not answer ${path} within ${limit} ms`, { path })
        : new RouterError('closed', `the connection to ${this.#place} was given up, as ${slow} had no answer`, {
            path,
          }),
    )
  }

  #closedError(path: string): RouterError {
    return new RouterError('closed', `${this.#place} closed the connection before ${path} was answered`, { path })
  }

  #end(reason: (path: string) => RouterError): void {
    this.#isOpen = false
    this.#socket.destroy()
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const one of all) {
      clearTimeout(one.timer)
      one.reject(reason(one.path))
    }
  }
}

/** `=name=value` words; the value may hold further equals signs. */
function readAttributes(words: readonly string[]): RouterRow {
  return Object.fromEntries(
    words
      .filter((word) => word.startsWith('='))
      .map((word) => {
        const end = word.indexOf('=', 1)
        return end === -1 ? [word.slice(1), ''] : [word.slice(1, end), word.slice(end + 1)]
      }),
  )
}
