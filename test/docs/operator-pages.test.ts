// What the documents name exists: every `gatehouse …` command with its options, every path of the API with its method, every setting
// that is set, every file that is linked.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Command } from 'commander'
import type { Argument, Option } from 'commander'
import { beforeAll, describe, expect, it } from 'vitest'
import { nasSettingNames } from '../../src/domain/nas-settings.ts'
import { settingNames } from '../../src/domain/setting.ts'
import { routes } from '../../src/http/route-table.ts'

const root = new URL('../../', import.meta.url)
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  ...readdirSync(new URL('docs/', root)).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'))
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8')

let program: Command

// main.ts runs a command line as soon as it is imported: its list of commands is read from its text.
beforeAll(async () => {
  const main = read('src/main.ts')
  program = new Command('gatehouse')
  for (const [, add] of main.matchAll(/^(add\w+)\(program\)$/gm)) {
    const file = new RegExp(`import \\{ ${add} \\} from '\\./(cli/[\\w-]+\\.ts)'`).exec(main)![1]!
    const module = (await import(new URL(`src/${file}`, root).href)) as Record<string, (to: Command) => void>
    module[add!]!(program)
  }
  for (const block of main.split(/^program$/m).slice(1)) {
    const command = program.command(/\.command\('(\w+)'\)/.exec(block)![1]!)
    for (const [, flags] of block.matchAll(/\.option\('([^']+)'/g)) command.option(flags!)
  }
})

/** Code of a page: its blocks line by line, and what stands between backquotes. */
function codeOf(text: string): string[] {
  const parts = text.split(/^ *```\w*$/m)
  const blocks = parts.filter((_part, at) => at % 2 === 1)
  const prose = parts.filter((_part, at) => at % 2 === 0)
  const inline = prose.flatMap((part) =>
    [...part.matchAll(/`([^`]+)`/g)].map(([, code]) => code!.replaceAll(/\s+/g, ' ')),
  )
  return [...blocks.flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n')), ...inline]
}

/** The commands in a piece of code, without what is piped into or out of them. */
function commandsIn(code: string): string[] {
  return [...code.matchAll(/(?:^|[|(] *)(?:npm run --silent gatehouse --|gatehouse) ([^|)]+)/g)].map(([, line]) =>
    line!.trim(),
  )
}

/** Words as a shell takes them; brackets of what may be left out, and dots for more, are none. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? []
  return words.map((word) => word.replaceAll(/['"[\]]/g, '')).filter((word) => word !== '…' && word !== '')
}

/** What is wrong with a command; undefined: nothing. */
function problemOf(line: string): string | undefined {
  const words = wordsOf(line)
  let command: Command = program
  for (let next; (next = command.commands.find((one) => one.name() === words[0])) !== undefined; words.shift())
    command = next
  if (command === program) return `there is no command ${words[0]}`
  // Its name alone.
  if (words.length === 0) return undefined
  if (command.commands.length > 0)
    return `${words[0]} is none of ${command.commands.map((one) => one.name()).join(', ')}`
  const positional: string[] = []
  while (words.length > 0) {
    const word = words.shift()!
    if (!word.startsWith('--')) {
      positional.push(word)
      continue
    }
    const option = command.options.find(({ long }) => long === word)
    if (option === undefined) return `there is no option ${word}`
    takeValues(option, words)
  }
  return positionalProblem(command.registeredArguments, positional)
}

function takeValues(option: Option, words: string[]): void {
  const most = option.variadic ? Number.POSITIVE_INFINITY : option.required || option.optional ? 1 : 0
  for (let taken = 0; taken < most && words.length > 0 && !words[0]!.startsWith('--'); taken += 1) words.shift()
}

function positionalProblem(known: readonly Argument[], given: readonly string[]): string | undefined {
  const least = known.filter(({ required }) => required).length
  const most = known.some(({ variadic }) => variadic) ? Number.POSITIVE_INFINITY : known.length
  if (given.length < least) return `it lacks ${known[given.length]!.name()}`
  return given.length > most ? `${given[most]} is one word too many` : undefined
}

/** What is set by a command that does not exist; undefined: nothing is. */
function settingProblem(line: string): string | undefined {
  const [noun, deed, name, ...pairs] = wordsOf(line)
  if (noun === 'setting' && deed === 'set') {
    return (settingNames as string[]).includes(name!) ? undefined : `there is no setting ${name}`
  }
  if (noun !== 'nas' || deed !== 'set') return undefined
  const keys = pairs.filter((pair) => /^\w+=/.test(pair)).map((pair) => pair.split('=')[0]!)
  const wrong = keys.find((key) => !(nasSettingNames as string[]).includes(key))
  return wrong === undefined ? undefined : `a NAS has no setting ${wrong}`
}

type Named = { methods: string[]; path: string }

/** `GET /sessions`, `GET, POST /groups`. */
function requestsIn(code: string): Named[] {
  const found = code.matchAll(/\b((?:GET|POST|PUT|PATCH|DELETE)(?:, (?:GET|POST|PUT|PATCH|DELETE))*) (\/[^\s?`,]*)/g)
  return [...found].map(([, methods, path]) => ({
    methods: methods!.split(', '),
    path: path!.replace(/^\/api\/v1/, ''),
  }))
}

function isServed({ methods, path }: Named): boolean {
  const wanted = path.split('/')
  const paths = routes.filter((route) => {
    const parts = route.path.split('/')
    return parts.length === wanted.length && parts.every((part, at) => matches(part, wanted[at]!))
  })
  return methods.every((method) => paths.some((route) => route.method === method.toLowerCase()))
}

/** A part of a route's path, and of one in a document: `:id`, `<action>` and `{id}` stand for anything. */
function matches(part: string, wanted: string): boolean {
  return part === wanted || part.startsWith(':') || /^(:\w+|<[\w-]+>|\{[\w-]+\})$/.test(wanted)
}

describe('the checks of this file', () => {
  it('find a command that does not exist, an option, a word too many, and one that is missing', () => {
    expect(problemOf('subscriber show anna --json')).toBeUndefined()
    expect(problemOf('nas set bras-1 coa=false patience_ms=900 --unset coa_pace --json')).toBeUndefined()
    expect(problemOf('router show x')).toBe('there is no command router')
    expect(problemOf('nas list-all')).toContain('list-all is none of')
    expect(problemOf('nas show N --colour red')).toBe('there is no option --colour')
    expect(problemOf('why anna bert')).toBe('bert is one word too many')
    expect(problemOf('why --limit 5')).toBe('it lacks username')
    expect(problemOf('demo --seconds 5')).toBeUndefined()
  })

  it('find commands in blocks, behind pipes and in prose, and not in names', () => {
    const text =
      'Say `gatehouse why anna`.\n```\necho x | gatehouse client add --name a\n```\n`gatehouse_up` and gatehouse alone'
    expect(codeOf(text).flatMap(commandsIn)).toEqual(['client add --name a', 'why anna'])
    expect(commandsIn('npm run --silent gatehouse -- nas list | head')).toEqual(['nas list'])
  })

  it('find settings that do not exist', () => {
    expect(settingProblem('setting set zone Europe/Berlin')).toBeUndefined()
    expect(settingProblem('setting set colour red')).toBe('there is no setting colour')
    expect(settingProblem('nas set N coa=off speed=1')).toBe('a NAS has no setting speed')
  })

  it('find paths that nobody serves, and methods', () => {
    const served = (code: string) => requestsIn(code).map(isServed)
    expect(served('GET /sessions?state=online')).toEqual([true])
    expect(served('GET, POST /groups and POST /subscribers/:id/<action>')).toEqual([true, true])
    expect(served('POST /api/v1/subscribers/7/renew')).toEqual([true])
    expect(served('GET /nothing, DELETE /sessions')).toEqual([false, false])
  })
})

describe.each(pages)('%s', (page) => {
  const text = read(page)
  const code = codeOf(text)

  it('names only commands and options that exist', () => {
    const lines = code.flatMap(commandsIn).filter((line) => !/^(<|…|--help)/.test(line))
    const problems = lines.flatMap((line) => {
      const problem = problemOf(line) ?? settingProblem(line)
      return problem === undefined ? [] : [`gatehouse ${line}: ${problem}`]
    })
    expect(problems).toEqual([])
  })

  it('names only requests that are served', () => {
    const wrong = code.flatMap(requestsIn).filter((request) => !isServed(request))
    expect(wrong.map(({ methods, path }) => `${methods.join(', ')} ${path}`)).toEqual([])
  })

  it('links only to files that are there', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link]) => link!)
    expect(links.filter((link) => !existsSync(new URL(link, new URL(page, root))))).toEqual([])
  })
})

it('the pages for operators are linked where people begin', () => {
  const names = [
    'point-a-mikrotik-at-it',
    'what-happens-at-expiry',
    'why-is-this-subscriber-still-online',
    'moving-from-one-bng-to-another',
  ]
  for (const name of names) {
    expect(read('README.md')).toContain(`docs/${name}.md`)
    expect(read('ARCHITECTURE.md')).toContain(`docs/${name}.md`)
  }
})
