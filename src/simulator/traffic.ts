// What a subscriber's line carries: octets and packets as exact integers, in the NAS's words (input = from the subscriber).

import type { Random } from './random.ts'

export type Counters = {
  inputOctets: bigint
  outputOctets: bigint
  inputPackets: bigint
  outputPackets: bigint
}

/** The mean rates of a line, in octets per second. */
export type Traffic = { readonly upload: number; readonly download: number }

export const noTraffic: Counters = { inputOctets: 0n, outputOctets: 0n, inputPackets: 0n, outputPackets: 0n }

const meanUploadPacket = 180
const meanDownloadPacket = 1180

/** A line's habits: most use little of what they pay for, a few use it all. `downBps` and `upBps` are bits per second. */
export function drawTraffic(random: Random, downBps: number, upBps: number): Traffic {
  // The cube makes the median an eighth of the maximum, and one in thirty above nine tenths.
  return {
    download: Math.max(1, Math.floor((random.next() ** 3 * downBps) / 8)),
    upload: Math.max(1, Math.floor((random.next() ** 3 * upBps) / 8)),
  }
}

/** The counters after some more whole seconds, a little above or below the mean. Never falls, and always rises. */
export function growCounters(counters: Counters, traffic: Traffic, seconds: number, random: Random): Counters {
  const input = draw(traffic.upload, seconds, random)
  const output = draw(traffic.download, seconds, random)
  return {
    inputOctets: counters.inputOctets + BigInt(input),
    outputOctets: counters.outputOctets + BigInt(output),
    inputPackets: counters.inputPackets + BigInt(Math.ceil(input / meanUploadPacket)),
    outputPackets: counters.outputPackets + BigInt(Math.ceil(output / meanDownloadPacket)),
  }
}

function draw(octetsPerSecond: number, seconds: number, random: Random): number {
  return 1 + Math.floor(octetsPerSecond * seconds * (0.5 + random.next()))
}
