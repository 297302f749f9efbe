// What the demonstration shows: on a terminal a table that is drawn anew in place, elsewhere a line every few seconds.

import type { SessionListed } from '../domain/session.ts'
import { cellText } from './output.ts'
import { differenceCount } from './simulate.ts'

export type DemoView = {
  url: string
  /** Who signs in to the panel. */
  operator: { email: string; password: string }
  dataDirectory: string
  login: { username: string; password: string }
  /** Ready to be pasted into a shell. */
  radclient: string
}

export type DemoState = {
  /** Open sessions in the database, newest first. */
  sessions: readonly SessionListed[]
  /** By the emulated NASes. */
  online: number
  answered: number
  resent: number
  /** Undefined before the first comparison. */
  differences: number | undefined
}

/** The lines that stand above the table, or at the beginning of the output. */
export function formatIntroduction(view: DemoView): string[] {
  return [
    'Gatehouse demonstration: a made-up ISP, its emulated NASes, a real database',
    '',
    `  panel       ${view.url}   sign in as ${view.operator.email}, password ${view.operator.password}`,
    `  a line      ${view.login.username}   password ${view.login.password}`,
    `  try         ${view.radclient}`,
    `  its data    ${view.dataDirectory}`,
    '',
  ]
}

/** One line: who is online, what was recorded, what the comparison says. */
export function formatStatus(state: DemoState): string {
  const { online, sessions, answered, resent, differences } = state
  const compared = differences === undefined ? 'comparison: not yet' : `comparison: ${differenceCount(differences)}`
  return `${online} online on the NASes, ${sessions.length} in the database; ${answered} packets answered, ${resent} sent again; ${compared}`
}

/** The table as lines of at most `columns` characters, with at most `rows` sessions. */
export function formatSessions(sessions: readonly SessionListed[], rows: number, columns: number): string[] {
  const shown = sessions.slice(0, Math.max(0, rows))
  const lines = [titles, ...shown.map(cells)]
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  const texts = lines.map((line) =>
    line.map((text, column) => (column < 3 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!))).join('  '),
  )
  const more = sessions.length - shown.length
  return [...texts, ...(more > 0 ? [`… and ${more} more`] : [])].map((text) => text.slice(0, columns))
}

const titles = ['USERNAME', 'NAS', 'ADDRESS', 'TIME', 'UPLOAD', 'DOWNLOAD']

function cells(session: SessionListed): string[] {
  const { username, nas, framed_ip: address, session_time: seconds } = session
  const octets = [session.input_octets, session.output_octets].map((text) => formatOctets(BigInt(text)))
  return [cellText(username), cellText(nas), cellText(address), formatTime(seconds), ...octets]
}

/** `1.5 GB`: decimal units, as rates have them. */
export function formatOctets(octets: bigint): string {
  let value = Number(octets)
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return unit === 0 ? `${octets} B` : `${value.toFixed(1)} ${units[unit]}`
}

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

function formatTime(seconds: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`
}

/** Draws a whole screen in place: home, each line cleared to its end, the rest below cleared. ECMA-48 CUP, EL, ED. */
export function drawScreen(lines: readonly string[]): string {
  return `\u001b[H${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`
}
