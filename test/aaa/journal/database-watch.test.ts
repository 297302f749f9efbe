import { beforeEach, describe, expect, it } from 'vitest'
import { databaseFile, watchDatabase } from '../../../src/aaa/journal/database-watch.ts'
import type { DatabaseWatch } from '../../../src/aaa/journal/database-watch.ts'
import { createMemoryFiles, systemError } from '../../support/memory-files.ts'
import type { MemoryFiles } from '../../support/memory-files.ts'

let files: MemoryFiles
let database: string | undefined
let offers: number
let may: boolean
let troubles: unknown[]
let watch: DatabaseWatch

const open = async (): Promise<void> => {
  watch = await watchDatabase({
    files,
    directory: '/journal',
    database: () => database,
    onOther() {
      offers += 1
      return Promise.resolve(may)
    },
    onTrouble: (error) => troubles.push(error),
  })
}
beforeEach(async () => {
  files = createMemoryFiles()
  ;[database, offers, may, troubles] = [undefined, 0, true, []]
  await open()
})
/** What it is by now; how often what is kept was offered again. */
const look = async (now: string | undefined): Promise<number> => {
  database = now
  await watch.look()
  return offers
}

describe('another database', () => {
  it('is one that is not the last that was known', async () => {
    expect([await look(undefined), await look('one/1'), await look('one/1'), await look(undefined)]).toEqual([
      0, 0, 0, 0,
    ])
    expect([await look('one/2'), await look('one/2'), await look('two/1')]).toEqual([1, 1, 2])
  })

  it('is noticed also when it came while nobody was there, whatever a loss of power leaves', async () => {
    await look('one/1')
    for (const got of [true, false]) {
      files.losePower(() => got)
      await open()
      expect(await look('one/1')).toBe(0)
    }
    await open()
    expect(await look('one/2')).toBe(1)
    await open()
    expect(await look('one/2')).toBe(1)
  })

  it('is not taken for known before what is kept was offered again', async () => {
    await look('one/1')
    may = false
    expect([await look('one/2'), await look('one/2')]).toEqual([1, 2])
    await open()
    may = true
    expect([await look('one/2'), await look('one/2')]).toEqual([3, 3])
  })

  it('is offered to once where the disk does not take its name, which is tried again', async () => {
    await look('one/1')
    files.failure = (operation) => (operation === 'create' ? systemError('ENOSPC') : undefined)
    expect([await look('one/2'), await look('one/2'), troubles.length]).toEqual([1, 1, 2])
    files.failure = () => undefined
    expect(await look('one/2')).toBe(1)
    await open()
    expect(await look('one/2')).toBe(1)
  })

  it('is not told from a file that was cut or cannot be read', async () => {
    await look('one/1')
    const name = `/journal/${databaseFile}`
    files.put(name, Buffer.from('on'))
    await open()
    expect(await look('one/1')).toBe(0)
    files.failure = (operation) => (operation === 'read' ? systemError('EIO') : undefined)
    await open()
    expect(await look('one/3')).toBe(0)
    files.failure = () => undefined
    expect(files.octetsOf(name).toString()).toBe('one/3\n')
  })
})
