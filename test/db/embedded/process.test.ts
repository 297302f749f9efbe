import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { freePort } from '../../../src/db/embedded/process.ts'

it('the wanted port is taken where it is free, another one where somebody listens on it', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const found = await freePort(port)
  expect(found).not.toBe(port)
  expect(found).toBeGreaterThan(0)
  other.close()
  await once(other, 'close')
  expect(await freePort(port)).toBe(port)
  expect(await freePort(undefined)).toBeGreaterThan(0)
})
