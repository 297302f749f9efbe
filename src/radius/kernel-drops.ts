// Datagrams that the kernel threw away because a socket's receive buffer was full: the loss that no counter of ours can see.
// Linux tells it in the last column of /proc/net/udp and /proc/net/udp6.

import { readFile } from 'node:fs/promises'

const files = ['/proc/net/udp', '/proc/net/udp6']

/**
 * Drops so far of all sockets bound to each of the ports, since those sockets were made. Undefined where the system does
 * not tell (not Linux, or no /proc).
 */
export async function readKernelDrops(ports: readonly number[]): Promise<Map<number, number> | undefined> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => undefined)))
  if (texts.every((text) => text === undefined)) return undefined
  const drops = new Map(ports.map((port) => [port, 0]))
  for (const text of texts) if (text !== undefined) addDrops(text, drops)
  return drops
}

/** Adds what one file tells to the ports that `drops` already has. */
export function addDrops(text: string, drops: Map<number, number>): void {
  for (const line of text.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/)
    const port = Number.parseInt(columns[1]?.split(':')[1] ?? '', 16)
    const before = drops.get(port)
    if (before !== undefined) drops.set(port, before + Number(columns.at(-1)))
  }
}
