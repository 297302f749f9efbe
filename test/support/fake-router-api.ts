// The API protocol's side of the fake router: length-prefixed words in sentences, tags, both logins, and planted misbehaviour.
import { createHash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { figuresOf, removeRow, selectRows, type FakeRow, type RouterState } from './fake-router.ts'

type Session = {
  state: RouterState
  socket: Socket
  challenge: string | undefined
  loggedIn: boolean
  sending: Promise<void>
}

export function serveApi(state: RouterState, socket: Socket): void {
  const session: Session = { state, socket, challenge: undefined, loggedIn: false, sending: Promise.resolve() }
  let rest = Buffer.alloc(0)
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (let taken = takeSentence(rest); taken !== undefined; taken = takeSentence(rest)) {
      rest = rest.subarray(taken.octets)
      answer(session, taken.words)
    }
  })
}

function answer(session: Session, words: string[]): void {
  const command = words[0] ?? ''
  const tag = words.filter((word) => word.startsWith('.tag='))
  const say = (...reply: string[]): void => send(session, sentence([...reply, ...tag]))
  const { state, socket } = session
  state.seen.push(command)
  switch (state.on(command)) {
    case 'silent':
      return
    case 'empty':
      say('!empty')
      return say('!done')
    case 'close':
      say('!re', '=.id=*1', '=name=half')
      send(session, Buffer.from([3, 0x21, 0x72]))
      return void session.sending.then(() => socket.destroySoon())
    case 'garbage':
      return send(session, Buffer.from([0xff, 0xfb, 0x01]))
    case 'endless':
      return endless(session, sentence(['!re', '=.id=*1', `=comment=${'x'.repeat(1000)}`, ...tag]))
    case 'fatal':
      send(session, sentence(['!fatal', 'session terminated on request']))
      return void session.sending.then(() => socket.destroySoon())
    case 'refuse':
      say('!trap', '=category=4', '=message=not enough permissions (9)')
      return say('!done')
    case 'unheard-of':
      say('!news', '=ret=from a later release')
      break
    case 'answer':
  }
  if (command === '/login') return logIn(session, words, say)
  if (!session.loggedIn) return send(session, sentence(['!fatal', 'not logged in']))
  carryOut(state, words, say)
}

function logIn(session: Session, words: string[], say: (...reply: string[]) => void): void {
  const { user, password, oldLogin } = session.state
  const given = attributes(words, '=')
  if (oldLogin && given.response === undefined) {
    session.challenge = randomBytes(16).toString('hex')
    return say('!done', `=ret=${session.challenge}`)
  }
  const wanted = createHash('md5')
    .update(`\0${password}`)
    .update(session.challenge ?? '', 'hex')
  session.loggedIn =
    given.name === user && (oldLogin ? given.response === `00${wanted.digest('hex')}` : given.password === password)
  if (!session.loggedIn) say('!trap', '=message=invalid user name or password (6)')
  say('!done')
}

function carryOut(state: RouterState, words: string[], say: (...reply: string[]) => void): void {
  const [, path = '', verb] = /^(.*)\/(\w+)$/.exec(words[0] ?? '') ?? []
  if (verb === 'remove') {
    if (!removeRow(state, path, attributes(words, '=')['.id'] ?? '')) say('!trap', '=message=no such item')
  } else if (verb === 'monitor' && state.tables.has(`${path}/monitor`)) {
    const { numbers, once } = attributes(words, '=')
    // Without `once` a monitor goes on for ever.
    if (once === undefined) return
    const row = selectRows(state, path, { '.id': numbers ?? '' }).length === 0 ? undefined : figuresOf(state, path)
    say(...(row === undefined ? ['!trap', '=message=no such item'] : ['!re', ...asWords(row)]))
  } else if (verb === 'print' && state.tables.has(path)) {
    const rows = selectRows(state, path, attributes(words, '?'))
    for (const row of rows) say('!re', ...asWords(row))
    if (rows.length === 0 && state.saysEmpty) say('!empty')
  } else {
    say('!trap', '=category=0', '=message=no such command prefix')
  }
  say('!done')
}

/** `=name=value` or `?name=value`; `?#&` is an operation on the questions before it, and all of them must hold anyhow. */
function attributes(words: string[], mark: '=' | '?'): FakeRow {
  const pairs = words.filter((word) => word.startsWith(mark) && !word.startsWith('?#'))
  return Object.fromEntries(pairs.map((word) => /^.([^=]*)=(.*)$/s.exec(word)!.slice(1, 3) as [string, string]))
}

const asWords = (row: FakeRow): string[] => Object.entries(row).map(([name, value]) => `=${name}=${value}`)

/** One after the other, also where each octet waits until the one before it is on its way. */
function send(session: Session, octets: Buffer): void {
  const { socket } = session
  if (!session.state.splitsOctets) {
    socket.write(octets)
    return
  }
  session.sending = sendSingly(session.sending, socket, octets)
}

async function sendSingly(before: Promise<void>, socket: Socket, octets: Buffer): Promise<void> {
  await before
  for (const octet of octets) {
    await new Promise((resolve) => {
      socket.write(Buffer.from([octet]), resolve)
    })
  }
}

/** Rows until the client has enough. */
function endless(session: Session, row: Buffer): void {
  if (session.socket.destroyed) return
  session.socket.write(row, () => setImmediate(endless, session, row))
}

function sentence(words: string[]): Buffer {
  const encoded = words.flatMap((word) => {
    const octets = Buffer.from(word)
    const { length } = octets
    if (length >= 0x20_0000) throw new RangeError('the fake router has no words that long')
    if (length < 0x80) return [Buffer.from([length]), octets]
    if (length < 0x4000) return [Buffer.from([0x80 | (length >> 8), length & 0xff]), octets]
    return [Buffer.from([0xc0 | (length >> 16), (length >> 8) & 0xff, length & 0xff]), octets]
  })
  return Buffer.concat([...encoded, Buffer.from([0])])
}

/** The first whole sentence; commands have no word of 16 KiB or more. */
function takeSentence(octets: Buffer): { words: string[]; octets: number } | undefined {
  const words: string[] = []
  for (let at = 0; at < octets.length;) {
    const first = octets[at]!
    const short = first < 0x80
    const length = short ? first : ((first & 0x3f) << 8) | (octets[at + 1] ?? 0)
    at += short ? 1 : 2
    if (length === 0) return { words, octets: at }
    if (at + length > octets.length) return undefined
    words.push(octets.toString('utf8', at, at + length))
    at += length
  }
  return undefined
}
