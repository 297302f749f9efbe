import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ours, spread, summarise } from '../../bench/measure.ts'
import type { Run } from '../../bench/measure.ts'
import { cpuSeconds, descendants, peakMemoryMiB, stopProcess } from '../../bench/process.ts'
import { table } from '../../bench/table.ts'
import { judge } from '../../bench/targets.ts'

function run(server: string, round: number, rate: number, cpu: number): Run {
  const faults = { retransmissions: 0, lost: 1, wrong: 0, late: 0 }
  const times = {
    seconds: 1,
    p50Ms: 1,
    p999Ms: 0,
    worstMs: 0,
    anew: 0,
    goodput: [],
    p99Ms: 2,
    generatorCpuSeconds: 0.001,
  }
  return {
    work: 'auth-pap',
    window: 64,
    memoryMiB: 100,
    server,
    round,
    rate,
    requests: 100,
    serverCpuUs: cpu,
    postgresCpuUs: 10,
    ...faults,
    ...times,
  }
}

describe('what runs come to', () => {
  it('the median of an odd and an even number of values, and the range', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, minimum: 1, maximum: 3 })
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, minimum: 1, maximum: 4 })
    expect(spread([]).median).toBeNaN()
  })

  it('ratios compare only runs of the same round', () => {
    const runs = [run('a', 0, 100, 90), run(ours, 0, 800, 15), run('a', 1, 200, 90), run(ours, 1, 800, 15)]
    const { beside, servers } = summarise('auth-pap', 64, runs)
    expect(beside['a']!.rate).toEqual({ median: 6, minimum: 4, maximum: 8 })
    expect(beside['a']!.cpu.median).toBe(4)
    expect(servers['a']).toMatchObject({ rate: 150, lost: 2, wrong: 0 })
  })

  it('runs of another work or window are others', () => {
    const runs = [
      run('a', 0, 100, 90),
      { ...run(ours, 0, 800, 15), window: 1 },
      { ...run(ours, 0, 1, 1), work: 'storm' },
    ]
    expect(summarise('auth-pap', 64, runs).beside).toEqual({})
  })

  it('a table has a line for each server and one for the ratio', () => {
    const runs = [run('a', 0, 100, 90), run(ours, 0, 800, 15)]
    const lines = table([summarise('auth-pap', 64, runs)]).split('\n')
    expect(lines).toHaveLength(4)
    expect(new Set(lines.slice(0, 3).map((line) => line.length)).size).toBe(1)
    expect(lines[3]).toContain('8.0 (8.0 to 8.0) times')
  })

  it('a table of one server has no ratio', () => {
    expect(table([summarise('auth-pap', 64, [run('a', 0, 100, 90)])]).split('\n')).toHaveLength(2)
  })
})

describe('a target', () => {
  const summaries = [summarise('auth-pap', 64, [run('FreeRADIUS, stock', 0, 100, 90), run(ours, 0, 800, 15)])]
  const about = { work: 'auth-pap', window: 64, beside: 'stock' } as const

  it.each([
    ['rate', 8, 12, 'must'],
    ['rate', 6, 8, 'aim'],
    ['rate', 8.1, 12, 'MISSED'],
    ['cpu', 4, 8, 'must'],
    ['p99', 1, undefined, 'must'],
    ['p99', 0.5, undefined, 'MISSED'],
    ['rate', undefined, undefined, ''],
  ] as const)('%s with a must of %s and an aim of %s: %s', (figure, must, aim, word) => {
    expect(judge({ ...about, figure, must, aim }, summaries).word).toBe(word)
  })
})

describe('a process under measurement', () => {
  it('has its descendants, CPU and memory, and ends when asked', async () => {
    const child = spawn('sh', [
      '-c',
      'sleep 60 & echo up; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; wait',
    ])
    let said = ''
    for await (const chunk of child.stdout) if ((said += String(chunk)).includes('done')) break
    expect(descendants(process.pid)).toContain(child.pid)
    expect(descendants(child.pid!)).toHaveLength(1)
    expect(cpuSeconds(child.pid!)).toBeGreaterThan(0)
    expect(peakMemoryMiB(child.pid!)).toBeGreaterThan(0)
    const sleeping = descendants(child.pid!)[0]!
    await stopProcess(child)
    expect(child.signalCode).toBe('SIGTERM')
    expect(cpuSeconds(child.pid!)).toBe(0)
    process.kill(sleeping)
  })

  it('that has ended already is left alone', async () => {
    const child = spawn('true')
    await once(child, 'exit')
    await stopProcess(child)
    expect(child.exitCode).toBe(0)
  })
})
