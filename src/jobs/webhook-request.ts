// One call of a webhook. The address is chosen here and connected to as chosen: never one of our own networks unless an operator
// named its host (SSRF), no redirects, ten seconds, and nothing of the answer is kept but its status.
import { lookup } from 'node:dns/promises'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import ipaddr from 'ipaddr.js'

const patienceMs = 10_000

export type WebhookRequest = {
  url: string
  body: string
  headers: Readonly<Record<string, string>>
  /** Hosts that may be of a private network (setting webhook_hosts). */
  allowedHosts: readonly string[]
  /** How long all of it may take. Default: ten seconds. */
  patienceMs?: number
  /** Looks up the addresses of a name. Default: as this machine does it. */
  resolve?: (host: string) => Promise<readonly string[]>
}

/** The call could not be made or was not taken; the message is for people. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError'
}

/** Calls; resolves where the other side answered 2xx. Throws WebhookError. */
export async function callWebhook(input: WebhookRequest): Promise<void> {
  const { url, body, headers } = input
  const target = new URL(url)
  const addresses = await addressesOf(bareHost(target.hostname), input)
  const send = target.protocol === 'https:' ? requestHttps : requestHttp
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const request = send(
    target,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
      // Already looked up: a second look could give another address.
      lookup: (_host, options, callback) => {
        if (options.all === true) callback(null, addresses)
        else callback(null, addresses[0]!.address, addresses[0]!.family)
      },
      signal: AbortSignal.timeout(input.patienceMs ?? patienceMs),
    },
    (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    },
  )
  request.on('error', (error) => reject(new WebhookError(`no answer: ${error.message}`)))
  request.end(body)
  const status = await promise
  if (status < 200 || status > 299) throw new WebhookError(`answered ${status}`)
}

async function addressesOf(
  host: string,
  { allowedHosts, resolve = resolveHere }: WebhookRequest,
): Promise<{ address: string; family: 4 | 6 }[]> {
  const found = ipaddr.isValid(host)
    ? [host]
    : await resolve(host).catch(() => {
        throw new WebhookError('the host has no address')
      })
  const allowed = allowedHosts.some((name) => bareHost(name) === host) ? found : found.filter(isPublic)
  if (allowed.length === 0) {
    throw new WebhookError('the host is of a private network: name it in the setting webhook_hosts if that is meant')
  }
  return allowed.map((address) => ({ address, family: ipaddr.parse(address).kind() === 'ipv4' ? 4 : 6 }))
}

async function resolveHere(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

/** As a URL has it, in small letters and without the brackets of an IPv6 address. */
function bareHost(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$/g, '')
}

/** Neither this machine nor a private, link-local, shared or otherwise special network (RFC 6890). */
export function isPublic(address: string): boolean {
  const parsed = ipaddr.process(address)
  return parsed.range() === 'unicast'
}
