// Writes the types and calls of the API for the panel, made of the same OpenAPI document that the server answers with.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@hey-api/openapi-ts'
import { createOpenApi } from '../../src/http/openapi.ts'
import { routes } from '../../src/http/route-table.ts'

const path = join(import.meta.dirname, '../src/api/generated')

export async function generateApi(): Promise<void> {
  await createClient({
    input: createOpenApi(routes) as never,
    output: { path, clean: true, entryFile: false },
    // Who asks is known by the cookie, which the browser sends by itself.
    plugins: ['@hey-api/typescript', { name: '@hey-api/sdk', auth: false }, { name: '@hey-api/client-fetch' }],
    logs: { level: 'warn' },
  })
  shorten(join(path, 'sdk.gen.ts'))
}

/** Each call as one line: written out, they are 107 kB of script, so 15. */
function shorten(file: string): void {
  const text = readFileSync(file, 'utf8')
  const calls = [...text.matchAll(/((?:\/\*\*\n(?: \*.*\n)+)?)export const (\w+) = (.*\n(?: .*\n)*)/g)]
  // None is lost because it is written in another form one day.
  const count = text.match(/^export const /gm)?.length
  if (calls.length !== count) throw new Error(`${calls.length} of the ${count} calls in ${file} were understood`)
  const lines = calls.map(([, doc = '', name = '', body = '']) => {
    const type = `T.${name.charAt(0).toUpperCase()}${name.slice(1)}`
    const [, method] = /client\)\.(\w+)</.exec(body) ?? []
    const [, url] = /url: ('[^']+')/.exec(body) ?? []
    // Events are heard by the browser's own EventSource.
    if (method === undefined || url === undefined) return ''
    const [, contentType = "'application/json'"] = /'Content-Type': ('[^']+')/.exec(body) ?? []
    const ways = [`'${method}'`, url, ...(contentType === "'application/json'" ? [] : [contentType])].join(', ')
    return `${doc}export const ${name} = /* @__PURE__ */ call<${type}Data, ${type}Responses, ${type}Errors>(${ways})\n`
  })
  const head = "import { call } from '../call.ts'\nimport type * as T from './types.gen.ts'\n"
  writeFileSync(file, [head, ...lines].join('\n'))
}

if (import.meta.main) await generateApi()
