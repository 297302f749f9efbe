// DHCP option 82, the relay agent information (RFC 3046): its sub-options, and what circuit id and remote id say of a line.
// The octets themselves are the identity; what is decoded here is for people, search and binding. Never throws.

import type { LineParts } from './vendors/interface-forms.ts'
import { readForm, vlanParts } from './vendors/interface-forms.ts'
import { circuitForms } from './option82-text.ts'

/** What a circuit or remote id says; `form` names how it was read, `text` is all of it where it is text, `mac` canonical. */
export type LineIdParts = LineParts & { form: string; text?: string; mac?: string }

export type RelayAgentInformation = {
  /** RFC 3046 §3.1. */
  readonly circuitId: Buffer | undefined
  /** RFC 3046 §3.2. */
  readonly remoteId: Buffer | undefined
  /** Every other sub-option as it came, such as 6, the subscriber id (RFC 3993), and 9, of vendors (RFC 4243). */
  readonly others: readonly { readonly code: number; readonly value: Buffer }[]
}

type Tlv = { readonly code: number; readonly value: Buffer }

const relayAgentInformation = 82
const padOption = 0
const endOption = 255
/** Control characters, those that turn the writing round, and separators of lines are not for people to read. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/u
const macText =
  /^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$|^(?:[0-9a-f]{4}[.-]){2}[0-9a-f]{4}$|^[0-9a-f]{12}$/i

/**
 * The sub-options of one option 82, with or without its own two octets of code and length before them. Undefined where a length
 * does not fit: half of an identity is none.
 */
export function readOption82(octets: Uint8Array): RelayAgentInformation | undefined {
  const all = bufferOf(octets)
  const wrapped = all[0] === relayAgentInformation && all[1] === all.length - 2
  const subOptions = readTlvs(wrapped ? all.subarray(2) : all)
  if (subOptions === undefined) return undefined
  const circuit = subOptions.find(({ code }) => code === 1)
  const remote = subOptions.find(({ code }) => code === 2)
  return {
    circuitId: circuit?.value,
    remoteId: remote?.value,
    others: subOptions.filter((option) => option !== circuit && option !== remote),
  }
}

/** Option 82 of a list of DHCP options (RFC 2132 §2), as BNGs pass it on whole; the parts of a long one joined (RFC 3396 §7). */
export function findOption82(options: Uint8Array): Buffer | undefined {
  const parts = readTlvs(bufferOf(options), true)?.filter(({ code }) => code === relayAgentInformation) ?? []
  return parts.length === 0 ? undefined : Buffer.concat(parts.map(({ value }) => value))
}

/** Code, length, value, again and again; in a list of options one octet may be a pad and the end may be told (RFC 2132 §3). */
function readTlvs(octets: Buffer, isOptionList = false): Tlv[] | undefined {
  const found: Tlv[] = []
  for (let at = 0; at < octets.length;) {
    const code = octets[at]!
    if (isOptionList && code === endOption) return found
    if (isOptionList && code === padOption) {
      at += 1
      continue
    }
    const length = octets[at + 1]
    if (length === undefined || at + 2 + length > octets.length) return undefined
    found.push({ code, value: octets.subarray(at + 2, at + 2 + length) })
    at += 2 + length
  }
  return found
}

/** What a circuit id says. */
export function decodeCircuitId(octets: Uint8Array): LineIdParts {
  const all = bufferOf(octets)
  const typed = readTyped(all)
  // Cisco, D-Link, TP-Link, Huawei "extend" (slot and subslot share the module's octet): VLAN, module, port.
  if (typed?.type === 0 && typed.value.length === 4) return vlanModulePort('vlan-module-port', typed.value)
  // Seen of switches that write slot, module and a port of two octets.
  if (typed?.type === 0 && typed.value.length === 6) return vlanSlotModulePort(typed.value)
  const text = printable(typed?.value ?? all)
  if (text !== undefined) return decodeCircuitText(text, typed === undefined ? 'text' : 'typed-text')
  // The same without type and length, where switches are told to leave them out: a guess, so only with a VLAN that is one.
  const bare = all.length === 4 ? vlanModulePort('bare-vlan-module-port', all) : undefined
  if (bare?.cVlan !== undefined) return bare
  return { form: all.length === 0 ? 'empty' : 'octets' }
}

function decodeCircuitText(text: string, plain: string): LineIdParts {
  const found = readForm(circuitForms, text.trim())
  return found === undefined ? { form: plain, text } : { form: found.name, ...found.parts, text }
}

function vlanModulePort(form: string, value: Buffer): LineIdParts {
  return { form, port: `${value[2]}/${value[3]}`, ...vlanParts(undefined, value.readUInt16BE(0)) }
}

function vlanSlotModulePort(value: Buffer): LineIdParts {
  const port = `${value[2]}/${value[3]}/${value.readUInt16BE(4)}`
  return { form: 'vlan-slot-module-port', port, ...vlanParts(undefined, value.readUInt16BE(0)) }
}

/** What a remote id says: the MAC of the access node or the modem, or a text that the operator gave. */
export function decodeRemoteId(octets: Uint8Array): LineIdParts {
  const all = bufferOf(octets)
  const typed = readTyped(all)
  if (typed?.type === 0 && typed.value.length === 6) return { form: 'typed-mac', mac: macOf(typed.value) }
  const text = printable(typed?.value ?? all)
  if (text !== undefined && macText.test(text)) {
    return { form: 'mac-text', mac: macOf(Buffer.from(text.replaceAll(/[^0-9a-f]/gi, ''), 'hex')), text }
  }
  if (text !== undefined) return { form: typed === undefined ? 'text' : 'typed-text', text }
  if (all.length === 6) return { form: 'mac', mac: macOf(all) }
  return { form: all.length === 0 ? 'empty' : 'octets' }
}

/** Many switches put a type (0: made by the switch, 1: given by the operator) and a length into the id itself. */
function readTyped(octets: Buffer): { type: number; value: Buffer } | undefined {
  const [type, length] = octets
  if (type === undefined || type > 2 || length !== octets.length - 2 || length === 0) return undefined
  return { type, value: octets.subarray(2) }
}

/** The octets as text if they are nothing but that. */
function printable(octets: Buffer): string | undefined {
  const text = octets.toString('utf8')
  return text === '' || unprintable.test(text) || !Buffer.from(text).equals(octets) ? undefined : text
}

function macOf(octets: Buffer): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join(':')
}

function bufferOf(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
}
