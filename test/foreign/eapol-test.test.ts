import { describe, expect, it } from 'vitest'
import { hasTools, needTools } from '../support/tools.ts'
import { password, runProgram, secret, useFolder, username, usePeer } from './peer.ts'

describe.skipIf(!hasTools('clients'))('eapol_test', () => {
  const folder = useFolder()
  const peer = usePeer()

  it('is refused properly: an Access-Reject that carries EAP-Failure, signed (RFC 3579 §2.6.3)', async () => {
    const tools = needTools('clients')
    const network = `network={\n key_mgmt=IEEE8021X\n eap=MD5\n identity="${username}"\n password="${password}"\n}\n`
    const file = folder.file('network.conf', network)
    const port = String(peer.service.authPort)
    const args = ['-n', '-c', file, '-a', '127.0.0.1', '-p', port, '-s', secret, '-t', '10']
    const { output } = await runProgram(tools.file('usr/bin/eapol_test'), args, { env: tools.env })
    expect(output).toContain('(Access-Reject)')
    // It checks both authenticators itself, and reads the EAP packet.
    expect(output).toContain('decapsulated EAP packet (code=4 id=')
    expect(output).toContain('CTRL-EVENT-EAP-FAILURE')
    expect(output).not.toContain('Invalid Message-Authenticator')
    expect(output).toMatch(/FAILURE\s*$/)
  })
})
