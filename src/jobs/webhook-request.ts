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
}

/** The call could not be made or was not taken; the message is for people. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError'
}

/** Calls; resolves where the other side answered 2xx. Throws WebhookError. */
export async function callWebhook({ url, body, headers, allowedHosts }: WebhookRequest): Promise<void> {
  const target = new URL(url)
  const address = await addressOf(target.hostname.replace(/^\[|\]$/g, ''), allowedHosts)
  const send = target.protocol === 'https:' ? requestHttps : requestHttp
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const request = send(
    target,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
      // Already looked up: a second look could give another address.
      lookup: (_host, options, callback) => {
        const family = ipaddr.parse(address).kind() === 'ipv4' ? 4 : 6
        if (options.all === true) callback(null, [{ address, family }])
        else callback(null, address, family)
      },
      signal: AbortSignal.timeout(patienceMs),
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

async function addressOf(host: string, allowedHosts: readonly string[]): Promise<string> {
  const found = ipaddr.isValid(host)
    ? [host]
    : (
        await lookup(host, { all: true }).catch(() => {
          throw new WebhookError('the host has no address')
        })
      ).map(({ address }) => address)
  const allowed = allowedHosts.includes(host) ? found : found.filter(isPublic)
  if (allowed[0] === undefined) {
    throw new WebhookError('the host is of a private network: name it in the setting webhook_hosts if that is meant')
  }
  return allowed[0]
}

/** Neither this machine nor a private, link-local, shared or otherwise special network (RFC 6890). */
export function isPublic(address: string): boolean {
  const parsed = ipaddr.process(address)
  return parsed.range() === 'unicast'
}
