import { beforeAll, describe, expect, it } from 'vitest'
import {
  checkCredentialKind,
  checkPassword,
  createCredentialOpener,
  credentialPlace,
  ntHashOf,
  openCredential,
  parseNtHash,
  setPassword,
  storedSecret,
} from '../../src/domain/credential.ts'
import type { CredentialKind } from '../../src/domain/credential.ts'
import { matchesVerifier } from '../../src/domain/data-key.ts'
import { writeSetting } from '../../src/domain/setting.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { hours, makePlan, noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()

beforeAll(async () => {
  await makePlan(office, { name: 'Home' })
})

async function stored(username: string): Promise<{ id: bigint; kind: CredentialKind; secret: Buffer }> {
  const [row] = await rowsOf(
    office,
    `select s.id, c.kind, c.secret from subscriber s join credential c on c.subscriber_id = s.id where s.username = $1`,
    [username],
  )
  return row as { id: bigint; kind: CredentialKind; secret: Buffer }
}

describe('an opener of credentials', () => {
  it('opens each as it is, at any time, however few it remembers', () => {
    const { keyring } = office
    const open = createCredentialOpener(keyring, 2)
    const passwords = [
      'ä',
      'b',
      'c',
      'd',
      'as long as it fits'.padEnd(44, '.'),
      'too long to be remembered'.padEnd(128, '.'),
    ]
    const sealed = passwords.map((password, at) => storedSecret(keyring, BigInt(at), { kind: 'clear', password }))
    for (const at of [0, 0, 1, 2, 1, 3, 0, 0, 3, 4, 4, 5, 5, 4, 3, 3]) {
      expect(open(BigInt(at), 'clear', sealed[at]!).toString()).toBe(passwords[at])
    }
    const changed = storedSecret(keyring, 0n, { kind: 'clear', password: 'new' })
    expect(open(0n, 'clear', changed).toString()).toBe('new')
  })

  it('opens nothing in another place, whatever it remembers', () => {
    const { keyring } = office
    const open = createCredentialOpener(keyring)
    const sealed = storedSecret(keyring, 7n, { kind: 'clear', password: 'hers' })
    expect(open(7n, 'clear', sealed).toString()).toBe('hers')
    expect(() => open(8n, 'clear', sealed)).toThrow('cannot be opened')
  })
})

describe('what is stored of a password', () => {
  it('is the sealed clear text, the sealed NT hash, or a verifier, each bound to its subscriber', () => {
    const { keyring } = office
    const clear = storedSecret(keyring, 7n, { kind: 'clear', password: 'pass wörd' })
    expect(openCredential(keyring, 7n, 'clear', clear).toString()).toBe('pass wörd')
    expect(() => openCredential(keyring, 8n, 'clear', clear)).toThrow('cannot be opened')
    const hash = storedSecret(keyring, 7n, { kind: 'nt-hash', password: 'clientPass' })
    expect(openCredential(keyring, 7n, 'nt-hash', hash)).toEqual(ntHashOf('clientPass'))
    const verifier = storedSecret(keyring, 7n, { kind: 'verifier', password: 'pass' })
    expect(matchesVerifier(keyring, credentialPlace(7n), verifier, Buffer.from('pass'))).toBe(true)
    expect(matchesVerifier(keyring, credentialPlace(8n), verifier, Buffer.from('pass'))).toBe(false)
    expect(() => openCredential(keyring, 7n, 'verifier', verifier)).toThrow('cannot be opened')
  })

  it('RFC 2759 §9.2: the NT hash of clientPass', () => {
    expect(ntHashOf('clientPass').toString('hex')).toBe('44ebba8d5312b8d611474411f56989ae')
  })

  it('takes an NT hash that is all we were given', () => {
    const octets = parseNtHash('nt_hash', '44EBBA8D5312B8D611474411F56989AE')
    expect(
      openCredential(
        office.keyring,
        1n,
        'nt-hash',
        storedSecret(office.keyring, 1n, { kind: 'nt-hash', ntHash: octets }),
      ),
    ).toEqual(octets)
    for (const bad of ['', '44ebba', 'g'.repeat(32), 'a'.repeat(33)]) {
      expect(() => parseNtHash('nt_hash', bad)).toThrow('nt_hash: must have 32 hex digits')
    }
  })
})

describe('a credential kind', () => {
  it('that proves none of the methods in use is refused, one that proves some is doubted', () => {
    expect(checkCredentialKind('clear', ['pap', 'chap', 'mschapv1', 'mschapv2'])).toBeUndefined()
    expect(checkCredentialKind('verifier', ['pap'])).toBeUndefined()
    expect(checkCredentialKind('verifier', ['pap', 'chap'])).toContain('cannot answer chap')
    expect(checkCredentialKind('nt-hash', ['chap', 'mschapv2'])).toContain('cannot answer chap')
    expect(() => checkCredentialKind('verifier', ['chap', 'mschapv2'])).toThrow(
      'credential: verifier can prove none of chap, mschapv2',
    )
    expect(() => checkCredentialKind('nt-hash', ['chap'])).toThrow('credential: nt-hash can prove none of chap')
  })
})

describe('a password', () => {
  it('has 1 to 128 octets on one line (RFC 2865 §5.2)', () => {
    expect(checkPassword('password', ' a ')).toBe(' a ')
    expect(checkPassword('password', 'x'.repeat(128))).toHaveLength(128)
    for (const bad of ['', 'x'.repeat(129), 'ä'.repeat(65), 'a\nb', 'a\u0000']) {
      expect(() => checkPassword('password', bad)).toThrow('password: ')
    }
  })
})

describe('setting a password', () => {
  it('replaces the one before, made up where none is brought', async () => {
    const added = await addSubscriber(
      office.db,
      { username: 'anna', plan: 'Home', password: 'first' },
      office.author,
      noon,
    )
    const made = await setPassword(office.db, { username: ' ANNA ' }, office.author, hours(1))
    expect(made).toMatchObject({ made: true, warning: undefined })
    const row = await stored('anna')
    expect(openCredential(office.keyring, added.id, row.kind, row.secret).toString()).toBe(made.password)
    expect(
      await setPassword(office.db, { username: 'anna', password: 'second' }, office.author, hours(2)),
    ).toMatchObject({ made: false })
  })

  it('keeps the kind unless another is named', async () => {
    await setPassword(office.db, { username: 'anna', password: 'third', kind: 'verifier' }, office.author, noon)
    expect((await stored('anna')).kind).toBe('verifier')
    const result = await setPassword(office.db, { username: 'anna', password: 'fourth' }, office.author, noon)
    expect(result.warning).toContain('cannot answer chap, mschapv2')
    const row = await stored('anna')
    expect(matchesVerifier(office.keyring, credentialPlace(row.id), row.secret, Buffer.from('fourth'))).toBe(true)
  })

  it('refuses a kind that can never work, and a name that nobody has', async () => {
    await writeSetting(office.db, { name: 'auth_methods', value: ['chap'] }, noon)
    const change = setPassword(office.db, { username: 'anna', password: 'x', kind: 'nt-hash' }, office.author, noon)
    await expect(change).rejects.toThrow('credential: nt-hash can prove none of chap')
    await expect(setPassword(office.db, { username: 'nobody' }, office.author, noon)).rejects.toThrow(
      'there is no subscriber "nobody"',
    )
  })
})
