import { beforeAll, describe, expect, it } from 'vitest'
import { triplet } from '../support/debian-packages.ts'
import { hasMountNamespace, hasTools, namespaceArguments, needTools } from '../support/tools.ts'
import { password, runProgram, secret, useFolder, username, usePeer } from './peer.ts'

// pamtester reads /etc/pam.d only: it gets one of its own, in a mount namespace, and the machine's stays as it is.
const inOwnPamFolder = 'mount --bind "$1" /etc/pam.d && shift && exec "$@"'

describe.skipIf(!hasTools('clients') || !hasMountNamespace())('pam_radius with pamtester', () => {
  const folder = useFolder()
  const peer = usePeer({ vendor: 'standard' })

  beforeAll(() => {
    const servers = folder.file('servers', `127.0.0.1:${peer.service.authPort} ${secret} 5\n`)
    const module = needTools('clients').file(`lib/${triplet}/security/pam_radius_auth.so`)
    folder.file('pam.d/gatehouse', `auth required ${module} conf=${servers}\naccount required pam_permit.so\n`)
  })

  async function login(word: string): Promise<string> {
    const tools = needTools('clients')
    const pamtester = [tools.file('usr/bin/pamtester'), 'gatehouse', username, 'authenticate']
    const shell = ['sh', '-c', inOwnPamFolder, 'sh', `${folder.path}/pam.d`, ...pamtester]
    const args = [...namespaceArguments(), ...shell]
    return (await runProgram('unshare', args, { input: `${word}\n`, env: tools.env })).output
  }

  it('lets the right password pass', async () => {
    expect(await login(password)).toContain('pamtester: successfully authenticated')
  })

  it('refuses a wrong one', async () => {
    expect(await login('wrong')).toContain('pamtester: Authentication failure')
  })
})
