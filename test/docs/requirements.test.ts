// docs/requirements.md holds the whole checklist: each row is there once, and names a browser test that shows it to a person.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const page = new URL('../../docs/requirements.md', import.meta.url)
const rows = readFileSync(page, 'utf8')
  .split('\n')
  .flatMap((line) => {
    const id = /^\| ([A-D]\d+|E-[a-z-]+) \|/.exec(line)?.[1]
    const paths = [...line.matchAll(/\]\((\.\.\/test\/[^)#]+)\)/g)].map(([, path]) => path!)
    return id === undefined ? [] : [{ id, paths }]
  })

const numbered = (letter: string, last: number): string[] => Array.from({ length: last }, (_, at) => letter + (at + 1))
const wanted = [...numbered('A', 33), ...numbered('B', 21), ...numbered('C', 40), ...numbered('D', 19)]

/** What nobody sees on a page, and where it is seen instead. */
const unseen: Readonly<Record<string, string>> = {
  'E-outage': 'RADIUS goes on by itself; what is seen of it are logins',
  'E-journal': 'accounting by itself; it is measured',
  'E-instances': 'for those who run the servers',
  'E-restart': 'for those who run the servers',
  'E-keys': 'the command line, and drills',
  'E-expired-event': 'for programs that hear webhooks',
  'E-foreseen': 'what it does is the change of E-quota, earlier',
  'E-alive': 'what it does is in the list of E-not-enforced',
}

describe('the requirements', () => {
  it('are there, each once', () => {
    expect(rows.map(({ id }) => id).filter((id) => !id.startsWith('E-'))).toEqual(wanted)
  })

  it('name tests that exist, among them one in the browser where there is something to be seen', () => {
    const gone = rows.flatMap(({ paths }) => paths).filter((path) => !existsSync(new URL(path, page)))
    expect(gone).toEqual([])
    const bare = rows.filter(({ paths }) => !paths.some((path) => path.startsWith('../test/panel/')))
    expect(bare.map(({ id }) => id)).toEqual(Object.keys(unseen))
  })
})
