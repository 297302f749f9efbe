// The RouterOS API protocol (ports 8728 plain and 8729 TLS) as a transport: one connection, opened when it is first needed and
// anew after any failure. Every command has a hard time limit; what breaks it destroys the connection, since a late reply on a
// connection in doubt could be taken for another command's. Decision 25.
import { createHash } from 'node:crypto'
import { ApiConnection } from './api-connection.ts'
import { placeOf } from './connect.ts'
import { RouterError } from './router-error.ts'
import { defaultMaximumAnswer, type RouterAccount, type RouterTransport, type Trust } from './transport.ts'

/** Without `trust` the connection is plain TCP, and the password goes over it in the clear: only inside a tunnel. */
export type ApiAccount = RouterAccount & { readonly trust: Trust | undefined }

/** A router over the API protocol, any RouterOS. Nothing is opened before the first command. */
export function createApiTransport(account: ApiAccount): RouterTransport {
  const place = placeOf(account.host, account.port)
  let current: Promise<ApiConnection> | undefined
  let closed = false

  const connection = async (path: string): Promise<ApiConnection> => {
    if (closed) throw new RouterError('closed', `the connection to ${place} was closed by us`, { path })
    const known = current
    if (known !== undefined) {
      const usable = await known
      if (usable.isOpen) return usable
      // Another command may have opened a new one while this one looked.
      if (current !== known) return connection(path)
    }
    const opening = open(account, path)
    current = opening
    opening.catch(() => {
      if (current === opening) current = undefined
    })
    const opened = await opening
    if (!closed) return opened
    opened.close()
    throw new RouterError('closed', `the connection to ${place} was closed by us`, { path })
  }

  return {
    async print(path, query = {}) {
      const command = `${path}/print`
      const questions = Object.entries(query).map(([name, value]) => `?${name}=${value}`)
      // Each question leaves a truth on the router's stack: all of them must hold.
      const all = questions.length > 1 ? [`?#${'&'.repeat(questions.length - 1)}`] : []
      const reply = await (await connection(command)).command([command, ...questions, ...all])
      return reply.rows
    },
    async monitor(path, id) {
      const command = `${path}/monitor`
      const reply = await (await connection(command)).command([command, `=numbers=${id}`, '=once='])
      return reply.rows
    },
    async remove(path, id) {
      const command = `${path}/remove`
      await (await connection(command)).command([command, `=.id=${id}`])
    },
    close() {
      closed = true
      current?.then(
        (opened) => opened.close(),
        () => undefined,
      )
      current = undefined
    },
  }
}

async function open(account: ApiAccount, path: string): Promise<ApiConnection> {
  const connection = await ApiConnection.open({
    ...account,
    path,
    maximumAnswer: account.maximumAnswer ?? defaultMaximumAnswer,
  })
  try {
    await logIn(connection, account)
    return connection
  } catch (error) {
    connection.close()
    if (!(error instanceof RouterError) || error.kind !== 'trap') throw error
    const sentence = `${placeOf(account.host, account.port)} refused the login of ${account.user}: ${error.message}`
    throw new RouterError('refused-login', sentence, { path: '/login', cause: error })
  }
}

/** Since 6.43 name and password at once; an older router answers that with a challenge to be hashed with the password. */
async function logIn(connection: ApiConnection, { user, password }: ApiAccount): Promise<void> {
  const { challenge } = await connection.command(['/login', `=name=${user}`, `=password=${password}`])
  if (challenge === undefined) return
  if (!/^[0-9a-f]{32}$/i.test(challenge)) {
    throw new RouterError('protocol', 'the router answered the login with what is no challenge', { path: '/login' })
  }
  const hash = createHash('md5').update(Buffer.alloc(1)).update(password, 'utf8').update(challenge, 'hex').digest('hex')
  const second = await connection.command(['/login', `=name=${user}`, `=response=00${hash}`])
  if (second.challenge !== undefined) {
    throw new RouterError('protocol', 'the router answered a challenge with another one', { path: '/login' })
  }
}
