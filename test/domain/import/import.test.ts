import { beforeAll, describe, expect, it } from 'vitest'
import { openCredential } from '../../../src/domain/credential.ts'
import { importSubscribers } from '../../../src/domain/import/import.ts'
import type { ImportResult } from '../../../src/domain/import/import.ts'
import { addReseller } from '../../../src/domain/organisation.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { showSubscriber } from '../../../src/domain/subscriber-profile.ts'
import { addSubscriber } from '../../../src/domain/subscriber.ts'
import { makePlan, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()

async function* octets(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

const importText = (text: string): Promise<ImportResult> =>
  importSubscribers(office.db, office.keyring, octets(text), noon)

async function count(table: string): Promise<bigint> {
  return (await rowsOf(office, `select count(*) as n from ${table}`))[0]!.n as bigint
}

beforeAll(async () => {
  const { id } = await addReseller(office.db, { name: 'Village Net' }, noon)
  await makePlan(office, { name: 'Home', graceHours: 24 })
  await makePlan(office, { name: 'Village', ownerId: id })
  await addSubscriber(
    office.db,
    { username: 'taken', plan: 'Home', staticIp: '203.0.113.0 2001:db8:f00::/48' },
    office.author,
    noon,
  )
})

describe('an import', () => {
  it('takes columns in any order and writes all that belongs to a subscriber', async () => {
    const result = await importText(
      `Plan,username,password,NT_HASH,expires_at,full_name,phone,email,address,account_type,mac,static_ip,owner,group\r\n` +
        `Home,Anna@x.example," her, pass ",,2027-01-31T12:00Z,"Lovelace, Ada",+49 30 123456,ada@example.org,"1 Main St\r\nTown",pppoe,AABB.CC00.0001,198.51.100.7,,North\r\n` +
        `Village,bob,,44ebba8d5312b8d611474411f56989ae,,,,,,,,2001:db8:1::/56,Village Net,North\r\n` +
        `Home,cable,,,,,,,,IPoE,aa:bb:cc:00:00:02 aa:bb:cc:00:00:03,,ISP,\r\n`,
    )
    expect(result).toMatchObject({
      kind: 'refused',
      errorCount: 1,
      errors: [{ line: 2, field: 'address', reason: 'has a control character' }],
    })
    const mended = await importText(
      `Plan,username,password,NT_HASH,expires_at,full_name,phone,email,address,account_type,mac,static_ip,owner,group\r\n` +
        `Home,Anna@x.example," her, pass ",,2027-01-31T12:00Z,"Lovelace, Ada",+49 30 123456,ada@example.org,"1 Main St, Town",pppoe,AABB.CC00.0001,198.51.100.7,,North\r\n` +
        `Village,bob,,44ebba8d5312b8d611474411f56989ae,,,,,,,,2001:db8:1::/56,Village Net,North\r\n` +
        `Home,cable,,,,,,,,IPoE,aa:bb:cc:00:00:02 aa:bb:cc:00:00:03,,ISP,\r\n`,
    )
    expect(mended).toMatchObject({ kind: 'imported', subscribers: 3, groupsMade: ['North'] })
    expect(mended.kind === 'imported' && mended.warning).toContain(
      '1 rows: a credential of kind nt-hash cannot answer chap',
    )
    const anna = await showSubscriber(office.db, 'anna@x.example', noon)
    expect(anna).toMatchObject({
      label: 'active',
      plan: 'Home',
      owner: 'ISP',
      group: 'North',
      expiresAt: new Date('2027-01-31T12:00:00Z'),
      graceUntil: new Date('2027-02-01T12:00:00Z'),
      fullName: 'Lovelace, Ada',
      phone: '+4930123456',
      email: 'ada@example.org',
      address: '1 Main St, Town',
      devices: [{ mac: 'aa:bb:cc:00:00:01', bound: true }],
      addresses: [{ kind: 'framed-ip', prefix: '198.51.100.7/32' }],
      credential: 'clear',
      currency: 'EUR',
    })
    const [credential] = await rowsOf(office, 'select secret from credential where subscriber_id = $1', [anna.id])
    expect(openCredential(office.keyring, anna.id, 'clear', credential!.secret as Buffer).toString()).toBe(
      ' her, pass ',
    )
    expect(await showSubscriber(office.db, 'bob', noon)).toMatchObject({
      owner: 'Village Net',
      plan: 'Village',
      label: 'new',
      credential: 'nt-hash',
    })
    expect(await showSubscriber(office.db, 'cable', noon)).toMatchObject({
      accountType: 'ipoe',
      credential: null,
      devices: [{}, {}],
    })
  })

  it('tells every bad row with line and field, and writes nothing', async () => {
    const before = await count('subscriber')
    const result = await importText(
      [
        'username,password,nt_hash,plan,expires_at,email,mac,static_ip,account_type,owner',
        'good,pw,,Home,,,,,,',
        ',,,Nope,soon,nobody,xx,10.0.0.0/24,dsl,Nobody',
        'GOOD,pw,,Home,,,,,,',
        'Taken,pw,,Home,,,,203.0.113.0,,',
        'both,pw,44ebba8d5312b8d611474411f56989ae,Home,,,,,,',
        'short,pw,,Home',
        'village,pw,,Village,,,,,,',
        'v6,pw,,Home,,,,2001:db8:f00:1::/64,,',
        'one,pw,,Home,,,,198.51.100.20,,',
        'two,pw,,Home,,,,198.51.100.20,,',
        'wide,pw,,Home,,,,2001:db8:abc::/48,,',
        'narrow,pw,,Home,,,,2001:db8:abc:5::/64,,',
        'modem,,,Home,,,,,ipoe,',
      ].join('\n'),
    )
    if (result.kind !== 'refused') throw new Error('it was imported')
    expect(result.errors.map(({ line, field }) => `${line} ${field}`).toSorted()).toEqual(
      [
        '3 account_type',
        '3 expires_at',
        '3 mac',
        '3 static_ip',
        '3 email',
        '3 username',
        '3 password',
        '3 owner',
        '3 plan',
        '4 username',
        '5 username',
        '5 static_ip',
        '6 nt_hash',
        '7 row',
        '8 plan',
        '9 static_ip',
        '11 static_ip',
        '13 static_ip',
        '14 mac',
      ].toSorted(),
    )
    const reasons = result.errors.map(({ line, field, reason }) => `${line} ${field}: ${reason}`).join('\n')
    expect(reasons).toContain('4 username: "good" is in line 2 already')
    expect(reasons).toContain('5 username: there is a subscriber "taken" already')
    expect(reasons).toContain('5 static_ip: 203.0.113.0/32 is or overlaps an address of "taken"')
    expect(reasons).toContain('11 static_ip: 198.51.100.20/32 is or overlaps 198.51.100.20/32 of line 10')
    expect(reasons).toContain('3 owner: there is no organisation "Nobody"')
    expect(reasons).toContain('7 row: has 4 cells, the header has 10')
    expect(await count('subscriber')).toBe(before)
  })

  it('never repeats a password in what it reports', async () => {
    const result = await importText(`username,password,nt_hash,plan\nx,"Kanarie\u0007",,Home\ny,,KanarieKanarie,Home\n`)
    expect(result).toMatchObject({ kind: 'refused', errorCount: 2 })
    expect(JSON.stringify(result)).not.toContain('anarie')
  })

  it('counts all errors and tells the first thousand', async () => {
    const rows = Array.from({ length: 1_500 }, (_, at) => `u${at},,Home`)
    const result = await importText(`username,password,plan\n${rows.join('\n')}\n`)
    expect(result).toMatchObject({ kind: 'refused', errorCount: 1_500 })
    expect(result.kind === 'refused' && [result.errors.length, result.errors.at(-1)?.line]).toEqual([1_000, 1_001])
  })

  it.each([
    ['', 'the file is empty'],
    ['username,plan,colour,size\n', 'no such column: "colour", "size"; there are username, password'],
    ['username,plan,Username\n', 'the header names "username" twice'],
    ['password\n', 'the header lacks username and plan'],
    ['username,plan\n"x', 'never closed'],
  ])('of the file %j says %s', async (text, reason) => {
    const result = await importText(text)
    expect(result).toMatchObject({ kind: 'refused', errorCount: 1, errors: [{ field: 'file' }] })
    expect(result.kind === 'refused' && result.errors[0]?.reason).toContain(reason)
  })

  it('is bounded by settings', async () => {
    await writeSetting(office.db, { name: 'import_maximum_rows', value: 1 }, noon)
    const result = await importText('username,password,plan\na1,x,Home\na2,x,Home\n')
    expect(result.kind === 'refused' && result.errors[0]?.reason).toContain('more than 1 rows')
    await rowsOf(office, 'delete from setting')
  })

  it('refuses NT hashes where no method in use could prove them', async () => {
    await writeSetting(office.db, { name: 'auth_methods', value: ['chap'] }, noon)
    const result = await importText(`username,nt_hash,plan\nhashed,${'a'.repeat(32)},Home\n`)
    expect(result).toMatchObject({ kind: 'refused', errors: [{ line: 2, field: 'credential' }] })
    await rowsOf(office, 'delete from setting')
  })

  it('of a header alone is done at once', async () => {
    expect(await importText('username,plan\n')).toMatchObject({ kind: 'imported', subscribers: 0 })
  })

  it('by two operators at once is written once, and the other is told the lines', async () => {
    const rows = Array.from({ length: 300 }, (_, at) => `race${at},pw${at},Home,100.64.${at >> 8}.${at & 255}`)
    const text = `username,password,plan,static_ip\n${rows.join('\n')}\n`
    const results = await Promise.all([importText(text), importText(text)])
    expect(results.map((result) => result.kind).toSorted()).toEqual(['imported', 'refused'])
    expect(results.find((result) => result.kind === 'refused')).toMatchObject({ errorCount: 600 })
    expect(await rowsOf(office, `select 1 from subscriber where username like 'race%'`)).toHaveLength(300)
  })

  it('of more rows than one statement takes keeps every credential with its subscriber', async () => {
    const rows = Array.from(
      { length: 6_000 },
      (_, at) =>
        `bulk${at},secret ${at},Home,02:00:00:00:${(at >> 8).toString(16).padStart(2, '0')}:${(at & 255).toString(16).padStart(2, '0')}`,
    )
    expect(await importText(`username,password,plan,mac\n${rows.join('\n')}\n`)).toMatchObject({ subscribers: 6_000 })
    const found = await rowsOf(
      office,
      `select s.id, s.username, c.secret, p.name from subscriber s join credential c on c.subscriber_id = s.id
       join payer p on p.id = s.payer_id where s.username like 'bulk%'`,
    )
    expect(found).toHaveLength(6_000)
    for (const { id, username, secret, name } of found) {
      const at = (username as string).slice('bulk'.length)
      expect(openCredential(office.keyring, id as bigint, 'clear', secret as Buffer).toString()).toBe(`secret ${at}`)
      expect(name).toBe(username)
    }
  })
})

describe('IPoE lines in an import', () => {
  const header = 'username,plan,account_type,circuit_id,remote_id,duid,bound_interface,port,s_vlan,c_vlan\n'

  it('keep what tells them', async () => {
    const text = `${header}olt1,Home,ipoe,0x000400070103,modem 7,0x0003,ae0.7,1/3,7,8\nolt2,Home,ipoe,,,,vlan9,,,\n`
    expect(await importText(text)).toMatchObject({ kind: 'imported', subscribers: 2 })
    const columns = 'circuit_id, remote_id, duid, bound_interface, bound_port, bound_s_vlan, bound_c_vlan'
    expect(await rowsOf(office, `select ${columns} from subscriber where username = 'olt1'`)).toEqual([
      {
        circuit_id: Buffer.from('000400070103', 'hex'),
        remote_id: Buffer.from('modem 7'),
        duid: Buffer.from('0003', 'hex'),
        bound_interface: 'ae0.7',
        bound_port: '1/3',
        bound_s_vlan: 7,
        bound_c_vlan: 8,
      },
    ])
  })

  it('are refused where the file or a subscriber has the same fact', async () => {
    const text =
      `${header}olt3,Home,ipoe,0x000400070103,,,,,,\nolt4,Home,ipoe,c4,,,,,,\nolt5,Home,ipoe,c4,,,,,,\n` +
      `olt6,Home,ipoe,c4,other node,,,,,\nolt7,Home,ipoe,,,,vlan9,,,\nolt8,Home,ipoe,,,,,,x,\n`
    const result = await importText(text)
    expect(result).toMatchObject({
      kind: 'refused',
      errors: [
        { line: 2, field: 'circuit_id', reason: '"0x000400070103" is of the IPoE subscriber "olt1" already' },
        { line: 4, field: 'circuit_id', reason: '"c4" is of line 3 already (IPoE)' },
        { line: 6, field: 'bound_interface', reason: '"vlan9" is of the IPoE subscriber "olt2" already' },
        { line: 7, field: 's_vlan' },
      ],
    })
  })
})
