// The OpenAPI document and its page: valid, complete, and served without any help from elsewhere.
import { readFileSync } from 'node:fs'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { problems } from '../../src/http/errors.ts'
import { createOpenApi } from '../../src/http/openapi.ts'
import { routes } from '../../src/http/route-table.ts'
import { useApi } from '../support/api.ts'

const api = useApi()

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const document = (await (await fetch(`${api.url}/api/v1/openapi.json`)).json()) as Record<string, unknown>
    const result = await new Validator().validate(document)
    expect(result.errors ?? []).toEqual([])
    expect(result.valid).toBe(true)
    expect(document).toMatchObject({ openapi: '3.1.0' })
  })

  it('has every route, each under a name of its own, saying who may call it', () => {
    const { paths } = createOpenApi(routes)
    const operations = Object.values(paths ?? {}).flatMap((path) => Object.values(path as Record<string, unknown>))
    const ids = operations.map((operation) => (operation as { operationId: string }).operationId)
    expect(operations).toHaveLength(routes.length)
    expect(new Set(ids).size).toBe(routes.length)
    for (const operation of operations)
      expect(operation).toMatchObject({ description: expect.stringMatching(/^(For|Needs) /) })
  })

  it('names each path parameter that a path has', () => {
    for (const [path, operations] of Object.entries(createOpenApi(routes).paths ?? {})) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => String(match[1]))
      for (const operation of Object.values(
        operations as Record<string, { parameters?: { in: string; name: string }[] }>,
      )) {
        const named = (operation.parameters ?? [])
          .filter((parameter) => parameter.in === 'path')
          .map(({ name }) => name)
        expect(named.toSorted(), path).toEqual(wanted.toSorted())
      }
    }
  })
})

describe('the reference page', () => {
  it('loads everything from here', async () => {
    const html = await (await fetch(`${api.url}/api/docs`)).text()
    const sources = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!)
    expect(sources.length).toBeGreaterThan(2)
    for (const source of sources) {
      const response = await fetch(new URL(source, api.url))
      expect(response.status, source).toBe(200)
      await response.arrayBuffer()
    }
    expect(html).not.toMatch(/https?:\/\//)
  })

  it('explains every problem where its type leads', async () => {
    const html = await (await fetch(`${api.url}/api/docs/problems`)).text()
    for (const code of Object.keys(problems)) expect(html).toContain(`id="${code}"`)
  })
})

it('docs/http/problems.md has every problem with its status', () => {
  const page = readFileSync(new URL('../../docs/http/problems.md', import.meta.url), 'utf8')
  const told = [...page.matchAll(/^\| `([\w-]+)` \| (\d+) \|/gm)].map(([, code, status]) => [code, Number(status)])
  expect(told).toEqual(Object.entries(problems).map(([code, { status }]) => [code, status]))
})
