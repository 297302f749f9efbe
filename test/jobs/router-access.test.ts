import { describe, expect, it } from 'vitest'
import { setRouter } from '../../src/domain/nas-router.ts'
import { withRouter } from '../../src/jobs/router-access.ts'
import { failure } from '../nas/routeros/backends.ts'
import { noon, useOffice } from '../support/operator.ts'
import { closeRoutersAfterEach, giveAccess, makeNas, makeRouter, nasWithRouter } from '../support/routers.ts'

const office = useOffice()
closeRoutersAfterEach()
const identity = { '/system/identity': [{ name: 'north' }] }
const nameOf = (nasId: bigint, signal?: AbortSignal) =>
  withRouter({ ...partsOf(), ...(signal && { signal }) }, nasId, noon, (control) => control.identity())
const partsOf = () => ({ pool: office.pool, keyring: office.keyring })

describe('the way into a router', () => {
  it('is none where nobody gave us access', async () => {
    const nas = await makeNas(office)
    expect(await nameOf(nas.id)).toEqual({ kind: 'none' })
  })

  it('goes by REST, by the API over TLS, and in the clear where somebody chose that', async () => {
    const { nas, router } = await nasWithRouter(office, identity)
    expect(await nameOf(nas.id)).toEqual({ kind: 'used', value: 'north' })
    await giveAccess(office, nas, router, { backend: 'api', port: router.apiTlsPort })
    expect(await nameOf(nas.id)).toEqual({ kind: 'used', value: 'north' })
    const { host, apiPort: port, user: userName, password } = router
    await setRouter(office.db, { name: nas.name, backend: 'api', host, port, userName, password }, office.author, noon)
    expect(await nameOf(nas.id)).toEqual({ kind: 'used', value: 'north' })
    await router.untilAlone()
  })

  it('is closed when the work fails, and the error comes through', async () => {
    const { nas, router } = await nasWithRouter(office, identity)
    await giveAccess(office, nas, router, { backend: 'api', port: router.apiTlsPort })
    const work = withRouter(partsOf(), nas.id, noon, async (control) => {
      await control.identity()
      throw new RangeError('our own fault')
    })
    await expect(work).rejects.toThrow('our own fault')
    await router.untilAlone()
    router.on = () => 'refuse'
    expect(await failure(nameOf(nas.id))).toMatchObject({ kind: 'refused-login' })
  })

  it('lets two in at once and the others one after the other, also when some fail', async () => {
    const { nas, router } = await nasWithRouter(office, identity)
    let [inside, most, failed] = [0, 0, 0]
    const one = async (count: number) => {
      await withRouter(partsOf(), nas.id, noon, async (control) => {
        inside += 1
        most = Math.max(most, inside)
        await control.identity()
        inside -= 1
        if (count % 3 === 0) throw new RangeError('fails')
      }).catch(() => (failed += 1))
    }
    await Promise.all(Array.from({ length: 9 }, (_, count) => one(count)))
    expect({ inside, most, failed }).toEqual({ inside: 0, most: 2, failed: 3 })
    expect(router.connections).toBe(9)
  })

  it('gives its place back also where the stored access cannot be opened', async () => {
    const { nas } = await nasWithRouter(office, identity)
    const { rows } = await office.pool.query<{ conname: string }>(`select conname from pg_constraint
      where conrelid = 'nas_router'::regclass and pg_get_constraintdef(oid) like '%backend = ''api''%pin_sha256%'`)
    for (const { conname } of rows) await office.pool.query(`alter table nas_router drop constraint ${conname}`)
    const pinOf = `(select pin_sha256 from nas_router where nas_id = $1)`
    const kept = (await office.pool.query(`select ${pinOf} as pin`, [nas.id])).rows[0]
    await office.pool.query('update nas_router set pin_sha256 = null where nas_id = $1', [nas.id])
    for (let n = 0; n < 3; n++) await expect(nameOf(nas.id)).rejects.toThrow('REST is spoken over TLS alone')
    await office.pool.query('update nas_router set pin_sha256 = $2 where nas_id = $1', [nas.id, kept.pin])
    expect(await nameOf(nas.id)).toEqual({ kind: 'used', value: 'north' })
  })

  it('does not let one router wait for another', async () => {
    const [dead, well] = [await nasWithRouter(office, identity), await nasWithRouter(office, identity)]
    dead.router.on = () => 'silent'
    const ending = new AbortController()
    const waiting = Array.from({ length: 5 }, async () => failure(nameOf(dead.nas.id, ending.signal)))
    expect(await nameOf(well.nas.id)).toEqual({ kind: 'used', value: 'north' })
    ending.abort()
    for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ kind: 'closed' })
  })

  it('believes no other certificate than the pinned one, and sends it nothing', async () => {
    const nas = await makeNas(office)
    const router = await makeRouter(identity)
    await giveAccess(office, nas, router, { pin: 'ab'.repeat(32) })
    expect(await failure(nameOf(nas.id))).toMatchObject({ kind: 'certificate' })
    expect(router.seen).toEqual([])
  })
})
