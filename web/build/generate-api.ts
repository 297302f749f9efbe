// Writes the types and calls of the API for the panel, made of the same OpenAPI document that the server answers with.
import { join } from 'node:path'
import { createClient } from '@hey-api/openapi-ts'
import { createOpenApi } from '../../src/http/openapi.ts'
import { routes } from '../../src/http/route-table.ts'

const web = join(import.meta.dirname, '..')

export async function generateApi(): Promise<void> {
  await createClient({
    input: createOpenApi(routes) as never,
    output: { path: join(web, 'src/api/generated'), clean: true },
    plugins: [
      '@hey-api/typescript',
      { name: '@hey-api/sdk' },
      { name: '@hey-api/client-fetch' },
      '@tanstack/react-query',
    ],
    logs: { level: 'warn' },
  })
}
if (import.meta.main) await generateApi()
