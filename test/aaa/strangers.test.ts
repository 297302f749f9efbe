import { describe, expect, it } from 'vitest'
import { createStrangers } from '../../src/aaa/strangers.ts'

type Line = { datagrams: number; last_source: string; networks: number; most: string[] }

function open() {
  const lines: Line[] = []
  const sources: unknown[] = []
  const log = { warn: (fields: Line) => void lines.push(fields) }
  const strangers = createStrangers(log as never, { count: (...told) => void sources.push(told) })
  return { strangers, lines, sources }
}

describe('strangers', () => {
  it('R12: are counted by their /24, and told of in one line with the networks that most came from', () => {
    const { strangers, lines, sources } = open()
    for (const address of [
      '192.0.2.1',
      '192.0.2.200',
      '198.51.100.9',
      '2001:db8:1::1',
      '2001:db8:1:2::3',
      '192.0.2.1',
    ]) {
      strangers.seen(address)
    }
    strangers.tell()
    expect(lines).toEqual([
      {
        datagrams: 6,
        last_source: '192.0.2.1',
        networks: 3,
        most: ['192.0.2.0/24 (3)', '2001:db8:1::/48 (2)', '198.51.100.0/24 (1)'],
      },
    ])
    expect(sources[2]).toEqual(['unknown-source', { source: '198.51.100.9' }])
    strangers.close()
  })

  it('say nothing where nobody came, and begin anew after each line', () => {
    const { strangers, lines } = open()
    strangers.tell()
    strangers.seen('192.0.2.1')
    strangers.tell()
    strangers.tell()
    strangers.seen('198.51.100.9')
    strangers.tell()
    expect(lines.map(({ datagrams, networks }) => [datagrams, networks])).toEqual([
      [1, 1],
      [1, 1],
    ])
    strangers.close()
  })

  it('R34: fill no memory: beyond a thousand networks only the sum grows', () => {
    const { strangers, lines } = open()
    for (let i = 0; i < 65_536; i++) strangers.seen(`10.${i >> 8}.${i & 255}.1`)
    strangers.tell()
    expect(lines[0]).toMatchObject({ datagrams: 65_536, networks: 1_000 })
    expect(lines[0]!.most.length).toBe(5)
    strangers.close()
  })
})
