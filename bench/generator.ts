// The load, in a process of its own: a closed loop with a window of requests outstanding, each sent as soon as the reply to the
// one before is there. Every reply's authenticators are verified; what is lost, sent again or wrong is counted.

import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { createSecret, verifyReply } from '../src/radius/authenticator.ts'
import { codes } from '../src/radius/codes.ts'
import { parsePacket } from '../src/radius/packet.ts'
import type { Packet } from '../src/radius/packet.ts'
import { expectedSuccess, packetSpace, statuses, writeLogin, writeRecord } from './packets.ts'
import type { Method } from './packets.ts'
import type { FromGenerator, Orders, Result, Work } from './generator-orders.ts'

type Slot = {
  socket: Socket
  octets: Buffer
  length: number
  identifier: number
  port: number
  subscriber: number
  /** 0 a login; else a record of a session. */
  step: number
  sessionId: string
  class: Uint8Array | undefined
  firstSentAt: number
  sentAt: number
  tries: number
  expected: number
}

const slotsPerSocket = 64
const patienceMs = 1_000
const tries = 5
const classAttribute = 25
const methods: Partial<Record<Work, Method>> = { 'auth-pap': 'pap', 'auth-chap': 'chap', 'auth-mschapv2': 'mschapv2' }
/** A mix session: Start, three Interims, Stop. */
const lastStep = 5

process.on('message', (orders: Orders) => {
  void obey(orders)
})

async function obey(orders: Orders): Promise<void> {
  send({ kind: 'result', result: await run(orders) })
  process.disconnect()
}

function send(message: FromGenerator): void {
  process.send?.(message)
}

async function run(orders: Orders): Promise<Result> {
  const secret = createSecret(orders.secret)
  const method = methods[orders.work] ?? 'pap'
  const latencies = new Float64Array(4_000_000)
  const count = { requests: 0, retransmissions: 0, lost: 0, wrong: 0, late: 0 }
  let measuring = false
  let stopping = false
  let outstanding = 0
  let started = 0
  let nowSeconds = Math.floor(Date.now() / 1000)

  /** Chooses what a slot does next; false where there is nothing left to do. */
  const advance = (slot: Slot): boolean => {
    const going = slot.step > 0 && slot.step < lastStep
    if (orders.work === 'acct-mix' && going) slot.step += 1
    else if (orders.work === 'storm' && slot.step === 0 && slot.sessionId !== '') slot.step = 1
    else {
      if (stopping || (orders.work === 'storm' && started === orders.subscribers)) return false
      slot.subscriber = started % orders.subscribers
      slot.sessionId = ((orders.run * 0x40_0000 + started) >>> 0).toString(16).padStart(8, '0')
      slot.step = orders.work === 'acct-mix' ? 1 : 0
      slot.class = undefined
      started += 1
    }
    return true
  }
  const build = (slot: Slot): void => {
    slot.identifier = (slot.identifier + slotsPerSocket) & 255
    const { subscriber, identifier, sessionId, step } = slot
    if (step === 0) {
      slot.length = writeLogin(slot.octets, { method, subscriber, identifier }, secret)
      slot.port = orders.authPort
      slot.expected = codes.accessAccept
      return
    }
    const status = step === 1 ? statuses.start : step === lastStep ? statuses.stop : statuses.interim
    const record = { status, subscriber, identifier, sessionId, step, class: slot.class }
    slot.length = writeRecord(slot.octets, record, nowSeconds, secret)
    slot.port = orders.acctPort
    slot.expected = codes.accountingResponse
  }
  const transmit = (slot: Slot): void => {
    slot.sentAt = performance.now()
    slot.tries += 1
    slot.socket.send(slot.octets, 0, slot.length, slot.port, '127.0.0.1')
  }
  const next = (slot: Slot): void => {
    if (!advance(slot)) {
      slot.tries = 0
      outstanding -= 1
      if (orders.work === 'storm' && outstanding === 0) stopping = true
      return
    }
    build(slot)
    slot.tries = 0
    transmit(slot)
    slot.firstSentAt = slot.sentAt
  }
  const received = (slots: readonly Slot[], datagram: Buffer): void => {
    const parsed = parsePacket(datagram)
    const slot = slots[datagram[1]! & (slotsPerSocket - 1)]
    if (!parsed.ok || slot === undefined) return void (count.wrong += 1)
    if (slot.tries === 0 || slot.identifier !== datagram[1]) return void (count.late += 1)
    if (!isRight(parsed.packet, slot)) return void (count.wrong += 1)
    if (measuring) {
      latencies[count.requests % latencies.length] = performance.now() - slot.firstSentAt
      count.requests += 1
    }
    next(slot)
  }
  const isRight = (packet: Packet, slot: Slot): boolean => {
    if (packet.code !== slot.expected) return false
    const policy = orders.replySigned && slot.step === 0 ? 'require' : 'if-present'
    if (verifyReply(packet, slot.octets.subarray(4, 20), secret, policy).kind !== 'ok') return false
    if (slot.step > 0) return true
    if (orders.work === 'storm') slot.class = findClass(packet)
    return method !== 'mschapv2' || packet.octets.toString('latin1').includes(expectedSuccess(slot.subscriber))
  }

  const slots = await openSlots(orders.window, received)
  outstanding = slots.length
  for (const slot of slots) next(slot)
  const sweep = setInterval(() => {
    const now = performance.now()
    nowSeconds = Math.floor(Date.now() / 1000)
    for (const slot of slots) {
      if (slot.tries === 0 || now - slot.sentAt < patienceMs) continue
      if (slot.tries === tries) {
        count.lost += 1
        next(slot)
      } else {
        count.retransmissions += 1
        transmit(slot)
      }
    }
  }, 50)

  const storm = orders.work === 'storm'
  await wait(() => storm, orders.warmupSeconds)
  measuring = true
  const begun = performance.now()
  const cpu = process.cpuUsage()
  send({ kind: 'begin' })
  await wait(() => storm && stopping, storm ? 600 : orders.seconds)
  measuring = false
  const seconds = (performance.now() - begun) / 1000
  const used = process.cpuUsage(cpu)
  send({ kind: 'end' })
  stopping = true
  await wait(() => outstanding === 0, (patienceMs * tries) / 1000 + 1)
  clearInterval(sweep)
  for (const socket of new Set(slots.map((slot) => slot.socket))) socket.close()
  const sorted = latencies.subarray(0, Math.min(count.requests, latencies.length)).toSorted()
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  return { ...count, seconds, p50Ms: at(0.5), p99Ms: at(0.99), generatorCpuSeconds: (used.user + used.system) / 1e6 }
}

async function openSlots(
  window: number,
  received: (slots: readonly Slot[], datagram: Buffer) => void,
): Promise<Slot[]> {
  const all: Slot[] = []
  while (all.length < window) {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024, sendBufferSize: 1024 * 1024 })
    const slots = Array.from({ length: Math.min(slotsPerSocket, window - all.length) }, (_, at) => newSlot(socket, at))
    socket.on('message', (datagram) => received(slots, datagram))
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    all.push(...slots)
  }
  return all
}

function newSlot(socket: Socket, identifier: number): Slot {
  const octets = Buffer.alloc(packetSpace)
  const nothing = { length: 0, port: 0, subscriber: 0, step: 0, sessionId: '', class: undefined, expected: 0 }
  return { socket, octets, identifier, ...nothing, firstSentAt: 0, sentAt: 0, tries: 0 }
}

function findClass({ octets, offsets }: Packet): Uint8Array | undefined {
  const at = offsets.find((offset) => octets[offset] === classAttribute)
  return at === undefined ? undefined : Uint8Array.prototype.slice.call(octets, at + 2, at + octets[at + 1]!)
}

async function wait(done: () => boolean, seconds: number): Promise<void> {
  const until = performance.now() + seconds * 1000
  while (!done() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5))
}
