import { spawnSync } from 'node:child_process'
import * as path from 'node:path'
import { describe, expect, it } from 'vitest'
import { armFailPoint, armFailPoints, failPoint, FailPointError, FailPointRefusedError } from '../src/fail-points.ts'

/** Whether passing a point throws. */
function fails(name: Parameters<typeof failPoint>[0]): boolean {
  try {
    void failPoint(name)
  } catch (error) {
    return error instanceof FailPointError
  }
  return false
}

describe('a fail point', () => {
  it('does nothing unless armed, and nothing for another name', () => {
    expect(failPoint('after_commit')).toBeUndefined()
    const disarm = armFailPoint('before_commit', 'throw')
    expect(failPoint('after_commit')).toBeUndefined()
    expect(fails('before_commit')).toBe(true)
    disarm()
    expect(fails('before_commit')).toBe(false)
  })

  it('can wait for its n-th passing', () => {
    const disarm = armFailPoint('before_answer', 'throw', 3)
    expect([fails('before_answer'), fails('before_answer'), fails('before_answer')]).toEqual([false, false, true])
    disarm()
  })

  it('holds whoever passes until it is disarmed', async () => {
    const disarm = armFailPoint('after_commit', 'pause')
    let passed = false
    const passing = (async () => {
      await failPoint('after_commit')
      passed = true
    })()
    await Promise.resolve()
    expect(passed).toBe(false)
    disarm()
    await passing
    expect(passed).toBe(true)
  })

  it('frees whoever waits when it is armed anew', async () => {
    const first = armFailPoint('after_commit', 'pause')
    const waiting = failPoint('after_commit')
    const second = armFailPoint('after_commit', 'throw')
    await waiting
    first()
    expect(fails('after_commit')).toBe(true)
    second()
  })

  it('kills the process at that very place', () => {
    const code = `import { armFailPoints, failPoint } from ${JSON.stringify(path.resolve('src/fail-points.ts'))}
      armFailPoints('after_commit=kill@2')
      await failPoint('after_commit')
      process.stdout.write('once')
      await failPoint('after_commit')
      process.stdout.write('twice')`
    const result = spawnSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' })
    expect(result).toMatchObject({ signal: 'SIGKILL', stdout: 'once' })
  })

  it.each(['', 'nowhere=kill', 'after_commit', 'after_commit=explode', 'after_commit=kill@', 'after_commit=kill,'])(
    'is refused by a wrong name or mode: "%s"',
    (text) => {
      const own = text.split(',').at(-1) ?? ''
      expect(() => armFailPoints(own)).toThrow(FailPointRefusedError)
    },
  )
})
