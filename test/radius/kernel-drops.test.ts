import { describe, expect, it } from 'vitest'
import { addDrops, readKernelDrops } from '../../src/radius/kernel-drops.ts'

const v4 = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  512: 0100007F:0714 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 41234 2 0000000000000000 17
  513: 0200007F:0714 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 41235 2 0000000000000000 5
 1300: 00000000:0715 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 41236 2 0000000000000000 0
 1400: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 41237 2 0000000000000000 99
`
const v6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  512: 00000000000000000000000001000000:0714 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 41238 2 0000000000000000 3
`

describe('addDrops', () => {
  it('sums the sockets of each port asked for, both families, and no other', () => {
    const drops = new Map([
      [1812, 0],
      [1813, 0],
      [3799, 0],
    ])
    addDrops(v4, drops)
    addDrops(v6, drops)
    expect([...drops]).toEqual([
      [1812, 25],
      [1813, 0],
      [3799, 0],
    ])
  })

  it('makes nothing of an empty or foreign text', () => {
    const drops = new Map([[1812, 0]])
    for (const text of ['', '\n\n', 'no table\nat all\n']) addDrops(text, drops)
    expect(drops.get(1812)).toBe(0)
  })
})

describe('readKernelDrops', () => {
  it('has a number for each port where the system tells, else nothing', async () => {
    const drops = await readKernelDrops([1812, 1813])
    if (process.platform === 'linux') expect([...(drops?.keys() ?? [])]).toEqual([1812, 1813])
    else expect(drops).toBeUndefined()
  })
})
