// An operator's second factor below the API: what waits, what is in force, and what goes with it.

import { describe, expect, it } from 'vitest'
import type { Db } from '../../../src/db/schema.ts'
import { callerOfSession } from '../../../src/domain/operator/caller.ts'
import type { Caller } from '../../../src/domain/operator/caller.ts'
import { openPanelSession } from '../../../src/domain/operator/panel-session.ts'
import {
  clearSecondFactor,
  confirmSecondFactor,
  dropSecondFactor,
  enrolSecondFactor,
  readSecondFactor,
  renewRecoveryCodes,
} from '../../../src/domain/operator/second-factor.ts'
import { base32, codeAt } from '../../support/browser.ts'
import { noon, rowsOf, useOffice } from '../../support/operator.ts'
import { hire, system } from '../../support/staff.ts'

const office = useOffice()
const peer = { address: null, userAgent: null }
const inOne = <T>(work: (trx: Db) => Promise<T>): Promise<T> => office.db.transaction().execute(work)
const after = (seconds: number): Date => new Date(noon.getTime() + seconds * 1_000)

async function signedIn(): Promise<{ caller: Caller; bearer: string }> {
  const { id: operatorId } = await hire(office, 'support')
  const { bearer } = await openPanelSession(office.db, { operatorId, state: 'full', peer }, noon)
  return { caller: (await callerOfSession(office.db, bearer, noon))!, bearer }
}

const enrol = async (caller: Caller, now = noon): Promise<Buffer> =>
  base32((await inOne((trx) => enrolSecondFactor(trx, caller, system(office), now))).secret)
const confirm = (caller: Caller, code: string, now = noon) =>
  inOne((trx) => confirmSecondFactor(trx, { caller, code }, system(office), now))

describe('an enrolled app', () => {
  it('is in force by its first code only, within ten minutes to the second', async () => {
    const { caller } = await signedIn()
    const secret = await enrol(caller)
    expect(await readSecondFactor(office.db, caller.operatorId)).toMatchObject({
      enabledAt: null,
      recoveryCodesLeft: 0,
    })
    await expect(confirm(caller, '000000')).rejects.toMatchObject({ field: 'code' })
    await expect(confirm(caller, codeAt(secret, after(601)), after(601))).rejects.toThrow('enrol again')
    const { recoveryCodes } = await confirm(caller, codeAt(secret, after(600)), after(600))
    expect(recoveryCodes).toHaveLength(10)
    expect(await readSecondFactor(office.db, caller.operatorId)).toMatchObject({
      enabledAt: after(600),
      recoveryCodesLeft: 10,
    })
    await expect(confirm(caller, codeAt(secret, after(630)), after(630))).rejects.toThrow('nothing waits')
  })

  it('is confirmed by one of ten who bring the code at once', async () => {
    const { caller } = await signedIn()
    const code = codeAt(await enrol(caller), noon)
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => confirm(caller, code)))
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
    expect((await readSecondFactor(office.db, caller.operatorId)).recoveryCodesLeft).toBe(10)
  })

  it('enrolled twice is the last one', async () => {
    const { caller } = await signedIn()
    const first = await enrol(caller)
    const second = await enrol(caller, after(5))
    await expect(confirm(caller, codeAt(first, after(10)), after(10))).rejects.toMatchObject({ field: 'code' })
    expect((await confirm(caller, codeAt(second, after(10)), after(10))).session?.state).toBe('full')
  })

  it('does not leave the old one in force, nor its recovery codes, once it is confirmed', async () => {
    const { caller } = await signedIn()
    const old = await enrol(caller)
    const { recoveryCodes: before } = await confirm(caller, codeAt(old, noon))
    const fresh = await enrol(caller, after(60))
    // Until then the old one is: nobody is locked out by enrolling and walking away.
    const kept = await rowsOf(office, 'select totp_enabled_at from operator where id = $1', [caller.operatorId])
    expect(kept).toEqual([{ totp_enabled_at: noon }])
    const { recoveryCodes: now } = await confirm(caller, codeAt(fresh, after(90)), after(90))
    expect(now.some((code) => before.includes(code))).toBe(false)
    expect((await readSecondFactor(office.db, caller.operatorId)).recoveryCodesLeft).toBe(10)
  })

  it('ends every other session and gives this one a new id', async () => {
    const { caller, bearer } = await signedIn()
    const { operatorId } = caller
    const other = await openPanelSession(office.db, { operatorId, state: 'full', peer }, noon)
    const { session } = await confirm(caller, codeAt(await enrol(caller), noon))
    for (const gone of [bearer, other.bearer]) expect(await callerOfSession(office.db, gone, noon)).toBeUndefined()
    expect((await callerOfSession(office.db, session!.bearer, noon))!.id).toBe(caller.id)
  })
})

describe('giving it up', () => {
  it('removes secret, step and recovery codes, once', async () => {
    const { caller } = await signedIn()
    await confirm(caller, codeAt(await enrol(caller), noon))
    await inOne((trx) => dropSecondFactor(trx, caller, system(office), noon))
    const [row] = await rowsOf(
      office,
      'select totp_secret, totp_enabled_at, totp_last_step, totp_pending from operator where id = $1',
      [caller.operatorId],
    )
    expect(row).toEqual({ totp_secret: null, totp_enabled_at: null, totp_last_step: null, totp_pending: null })
    expect(await rowsOf(office, 'select 1 from recovery_code where operator_id = $1', [caller.operatorId])).toEqual([])
    await expect(inOne((trx) => dropSecondFactor(trx, caller, system(office), noon))).rejects.toMatchObject({
      field: 'second_factor',
    })
    await expect(inOne((trx) => renewRecoveryCodes(trx, caller, system(office), noon))).rejects.toThrow('there is none')
  })

  it('of an app that only waits leaves it waiting', async () => {
    const { caller } = await signedIn()
    const secret = await enrol(caller)
    expect(await inOne((trx) => clearSecondFactor(trx, caller.operatorId, noon))).toBe(false)
    expect((await confirm(caller, codeAt(secret, noon))).recoveryCodes).toHaveLength(10)
  })
})
