import { beforeAll, describe, expect, it } from 'vitest'
import { hasTools, needTools } from '../support/tools.ts'
import { dictionaries, password, runProgram, secret, useFolder, username, usePeer } from './peer.ts'
import type { Peer } from './peer.ts'

describe.skipIf(!hasTools('clients'))('radtest', () => {
  const folder = useFolder()
  const peer = usePeer()
  const lenient = usePeer({ settings: { mschap_v1: true } })

  // radtest is a shell script: it calls the installed radclient, or else the one in its working directory, and tells it no
  // dictionary.
  beforeAll(() => {
    const tools = needTools('clients')
    const script = `#!/bin/sh\nexec ${tools.file('usr/bin/radclient')} -D ${dictionaries(tools)} -t 4 "$@"\n`
    folder.file('radclient', script, 0o700)
  })

  async function radtest(to: Peer, method: string, word: string): Promise<string> {
    const tools = needTools('clients')
    const server = `127.0.0.1:${to.service.authPort}`
    const args = [tools.file('usr/bin/radtest'), '-t', method, username, word, server, '10', secret, '0', '127.0.0.1']
    const { output } = await runProgram('sh', args, { cwd: folder.path, env: tools.env })
    return /Received (Access-\w+)/.exec(output)?.[1] ?? output
  }

  it.each(['pap', 'chap'])('-t %s: the right password is accepted, a wrong one rejected', async (method) => {
    expect(await radtest(peer, method, password)).toBe('Access-Accept')
    expect(await radtest(peer, method, 'wrong')).toBe('Access-Reject')
  })

  it('-t mschap, which is version 1: rejected by default', async () => {
    expect(await radtest(peer, 'mschap', password)).toBe('Access-Reject')
  })

  it('-t mschap: accepted with the setting mschap_v1 on, a wrong password rejected', async () => {
    expect(await radtest(lenient, 'mschap', password)).toBe('Access-Accept')
    expect(await radtest(lenient, 'mschap', 'wrong')).toBe('Access-Reject')
  })
})
