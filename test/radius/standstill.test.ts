// A process that stood still: what waited in its sockets is as old as the standstill, what comes afterwards is fresh.
import { fork } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, expect, test } from 'vitest'
import { watchStandstill, type Reading, type Standstill } from '../../src/radius/standstill.ts'

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-standstill-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const watches: Standstill[] = []
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close()
})

/** Its clock is moved by the test; its own timer, which goes by the real one, does not fire within a test. */
function underTest() {
  let now = 1_000
  const watch = watchStandstill({ now: () => now, shortestMs: 100_000 })
  watches.push(watch)
  const reading: Reading = { datagrams: 0 }
  return {
    pass: (milliseconds: number) => (now += milliseconds),
    read(socket = reading): number {
      socket.datagrams += 1
      return watch.ageOf(socket)
    },
  }
}
const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))

test('while the event loop turns, a datagram came when it is read', () => {
  const { read, pass } = underTest()
  for (let at = 0; at < 10; at++) {
    pass(99_000)
    expect(read()).toBe(0)
  }
})

test('after a standstill what is read is as old as it, until a turn reads less than a whole backlog', async () => {
  const { read, pass } = underTest()
  pass(500_000)
  for (let round = 0; round < 3; round++) {
    const age = 500_000 + round * 10
    expect(Array.from({ length: 32 }, () => read())).toEqual(Array.from({ length: 32 }, () => age))
    await turn()
    pass(10)
  }
  expect([read(), read()]).toEqual([500_030, 500_030])
  await turn()
  expect(read()).toBe(0)
})

test('each socket has its own backlog', async () => {
  const { read, pass } = underTest()
  const other: Reading = { datagrams: 0 }
  pass(500_000)
  expect(read()).toBe(500_000)
  await turn()
  expect(read()).toBe(0)
  expect(read(other)).toBe(500_000)
})

test('however much comes, a second later everything is fresh again', () => {
  const { read, pass } = underTest()
  pass(500_000)
  expect(read()).toBe(500_000)
  pass(1_001)
  for (let at = 0; at < 100; at++) expect(read()).toBe(0)
})

test('F05: a process that is really stopped and continued reads its backlog as old, and the next datagram as fresh', async () => {
  const file = join(directory, 'reader.mjs')
  writeFileSync(
    file,
    `import { createSocket } from 'node:dgram'
    import { watchStandstill } from ${JSON.stringify(new URL('../../src/radius/standstill.ts', import.meta.url).href)}
    const now = () => performance.now()
    const watch = watchStandstill({ now })
    const reading = { datagrams: 0 }
    const socket = createSocket('udp4')
    const ages = []
    socket.on('message', (datagram) => {
      reading.datagrams += 1
      ages.push(Math.round(watch.ageOf(reading)))
      if (datagram.toString() === 'last') { process.send({ ages }); process.disconnect(); socket.close(); watch.close() }
    })
    socket.bind(0, '127.0.0.1', () => process.send({ port: socket.address().port }))`,
  )
  const child = fork(file)
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  const sender = createSocket('udp4')
  const send = (text: string) => new Promise((resolve) => sender.send(text, port, '127.0.0.1', resolve))
  await send('first')
  await sleep(300)
  process.kill(child.pid!, 'SIGSTOP')
  for (let at = 0; at < 200; at++) await send('waits')
  await sleep(1_000)
  const told = once(child, 'message')
  process.kill(child.pid!, 'SIGCONT')
  await sleep(300)
  await send('last')
  const [{ ages }] = (await told) as [{ ages: number[] }]
  sender.close()
  expect(ages).toHaveLength(202)
  expect(ages[0]).toBe(0)
  const backlog = ages.slice(1, -1)
  expect(backlog.filter((age) => age >= 1_000)).toHaveLength(200)
  expect(ages.at(-1)).toBe(0)
})
