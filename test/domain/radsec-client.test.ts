import { describe, expect, it } from 'vitest'
import { addClient, listClients, setClient } from '../../src/domain/client.ts'
import { loadRegistry } from '../../src/domain/nas-registry.ts'
import { checkRadsec } from '../../src/domain/radsec-client.ts'
import { noon, useOffice } from '../support/operator.ts'

const office = useOffice()
const digits = 'ab'.repeat(32)
const other = 'cd'.repeat(32)

const clientOf = async (name: string) => (await listClients(office.db, noon)).find((one) => one.name === name)

describe('by which certificate a client is known', () => {
  it.each([
    ['as it is kept', digits, digits],
    ['as openssl prints it', `sha256 Fingerprint=${'AB:'.repeat(31)}AB`, digits],
    ['with capital letters and blanks around', ` ${digits.toUpperCase()}\n`, digits],
    ['nothing, which takes it away', '', null],
  ])('takes a fingerprint %s', (_how, radsecFingerprint, kept) => {
    expect(checkRadsec({ radsecFingerprint })).toEqual({ radsec_fingerprint: kept })
  })

  it.each(['ab'.repeat(20), `${digits}ab`, 'zz'.repeat(32), 'bng'])(
    'refuses the fingerprint %s',
    (radsecFingerprint) => {
      expect(() => checkRadsec({ radsecFingerprint })).toThrow('radsec-fingerprint: must be a SHA-256 fingerprint')
    },
  )

  it('takes a DNS name in small letters, no wildcard and nothing that is none', () => {
    expect(checkRadsec({ radsecName: ' BNG-1.Example.net ' })).toEqual({ radsec_name: 'bng-1.example.net' })
    expect(checkRadsec({ radsecName: '' })).toEqual({ radsec_name: null })
    for (const radsecName of ['*.example.net', '-bng', 'bng..net', 'b g', 'bng.', `${'a'.repeat(64)}.net`])
      expect(() => checkRadsec({ radsecName }), radsecName).toThrow('radsec-name: must be a DNS name')
  })

  it('leaves what is not named', () => {
    expect(checkRadsec({})).toEqual({})
  })

  it('is kept with the client, changed and taken away, and reaches the registry', async () => {
    const { db, keyring, pool } = office
    await addClient(db, keyring, { name: 'one', address: '192.0.2.1', radsecFingerprint: digits }, noon)
    await addClient(db, keyring, { name: 'two', address: '192.0.2.2' }, noon)
    expect(await clientOf('one')).toMatchObject({ radsecFingerprint: digits, radsecName: null })
    await setClient(db, { name: 'one', radsecName: 'one.example.net' })
    const fail = (error: Error): never => {
      throw error
    }
    const rows = await loadRegistry(pool, keyring, fail, noon)
    expect(rows.clients.map(({ radsecFingerprint, radsecName }) => [radsecFingerprint, radsecName])).toEqual([
      [digits, 'one.example.net'],
      [undefined, undefined],
    ])
    await setClient(db, { name: 'one', radsecFingerprint: '' })
    expect(await clientOf('one')).toMatchObject({ radsecFingerprint: null, radsecName: 'one.example.net' })
  })

  it('belongs to one client only, and the other is told which field', async () => {
    const { db, keyring } = office
    const first = { radsecFingerprint: other, radsecName: 'first.example.net' }
    await addClient(db, keyring, { name: 'first', address: '192.0.2.11', ...first }, noon)
    const second = { name: 'second', address: '192.0.2.12' }
    await expect(addClient(db, keyring, { ...second, radsecFingerprint: other }, noon)).rejects.toThrow(
      'radsec-fingerprint: another client has this certificate already',
    )
    await addClient(db, keyring, second, noon)
    await expect(setClient(db, { name: 'second', radsecName: 'FIRST.example.net' })).rejects.toThrow(
      'radsec-name: another client has this name already',
    )
  })
})
