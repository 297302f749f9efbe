// The examples of docs/http are run as they stand, each file from top to bottom against a service of its own: what the documents
// promise is what the API does.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { useApi } from '../support/api.ts'

const folder = new URL('../../docs/http/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.http'))

type Example = {
  title: string
  method: string
  path: string
  headers: Record<string, string>
  body: string
  /** `# @expect 201`. */
  status: number
  /** `# @keep subscriber = id`: a member of the answer, for the examples below. */
  keeps: { name: string; member: string }[]
}

function parse(text: string): Example[] {
  return text
    .split(/^###/m)
    .slice(1)
    .map((block) => {
      const lines = block.split('\n')
      const title = lines[0]!.trim()
      const notes = lines.filter((line) => line.startsWith('# @'))
      const rest = lines.slice(1).filter((line) => !line.startsWith('#'))
      const start = rest.findIndex((line) => line.trim() !== '')
      const [method, url] = rest[start]!.split(' ')
      const blank = rest.findIndex((line, at) => at > start && line.trim() === '')
      const head = rest.slice(start + 1, blank === -1 ? undefined : blank)
      return {
        title,
        method: method!,
        path: url!.replace('{{api}}', ''),
        headers: Object.fromEntries(head.map((line) => line.split(/:\s*(.*)/, 2) as [string, string])),
        body: blank === -1 ? '' : rest.slice(blank).join('\n').trim(),
        status: Number(/@expect (\d+)/.exec(notes.join('\n'))?.[1] ?? 200),
        keeps: notes.flatMap((note) => {
          const match = /@keep (\w+) = ([\w.]+)/.exec(note)
          return match === null ? [] : [{ name: match[1]!, member: match[2]! }]
        }),
      }
    })
}

/** `items.0.id` of an answer. */
function member(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => (part as Record<string, unknown> | undefined)?.[name], value)
}

it('there are examples', () => {
  expect(files.length).toBeGreaterThan(3)
})

describe.each(files)('docs/http/%s', (file) => {
  const api = useApi()
  it('does what it says', async () => {
    const client = await api.as('super-administrator')
    const kept: Record<string, string> = { token: 'the cookie of this test stands in for it' }
    const fill = (text: string): string =>
      text.replaceAll(/\{\{(\w+)\}\}/g, (_match, name: string) => {
        expect(kept, `${file} uses {{${name}}} before it is kept`).toHaveProperty(name)
        return kept[name]!
      })
    for (const example of parse(readFileSync(new URL(file, folder), 'utf8'))) {
      const { Authorization: _token, ...headers } = example.headers
      const filled = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value)]))
      const response = await client.send(example.method, fill(example.path), {
        headers: filled,
        ...(example.body === '' ? {} : { body: fill(example.body) }),
      })
      const text = await response.text()
      expect(response.status, `${file}: ${example.title}: ${text.slice(0, 300)}`).toBe(example.status)
      const answer: unknown = text.startsWith('{') ? JSON.parse(text) : {}
      for (const { name, member: path } of example.keeps) {
        const value = member(answer, path)
        expect(value, `${file}: ${example.title} answers no ${path}`).toBeDefined()
        kept[name] = String(value)
      }
    }
  })
})
