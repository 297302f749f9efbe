// The rules of the house that a machine can keep (ARCHITECTURE.md): each takes the text of files and answers with the sentence
// of what is broken, so that test/presubmit.test.ts can show that every one of them can fail.

export type SourceFile = { path: string; text: string }
export type Rule = (file: SourceFile) => string[]

const longest = 400
/** Over this a file should have a reason. */
export const softLimit = 300
const headLongest = 6

/** Rooms that a room of src/ may import; `types` only by `import type`. What is not named here may import everything. */
const rooms: Record<string, { values: string[]; types?: string[]; sentence: string }> = {
  http: { values: ['domain', 'nas/vendors'], types: ['db'], sentence: 'http knows only domain and nas/vendors' },
  jobs: { values: ['domain', 'nas', 'radius'], types: ['db'], sentence: 'jobs know only domain, nas and radius' },
  aaa: { values: ['domain', 'nas', 'radius'], types: ['db'], sentence: 'aaa knows only domain, nas and radius' },
  simulator: { values: ['radius'], sentence: 'the simulator knows only radius: it is a stranger with a ledger' },
  nas: { values: ['radius'], types: ['domain'], sentence: 'nas knows radius, and domain by its types only' },
  'nas/vendors': { values: ['radius'], types: ['domain'], sentence: 'nas/vendors is pure: radius and types of domain' },
  domain: { values: ['db', 'crypto'], sentence: 'domain knows only db and crypto' },
  radius: { values: ['crypto'], sentence: 'radius knows only crypto: it could be published as a library' },
  db: { values: [], sentence: 'db is a leaf' },
  crypto: { values: [], sentence: 'crypto is a leaf' },
  config: { values: [], sentence: 'config is a leaf' },
  log: { values: [], sentence: 'log is a leaf' },
  metrics: { values: [], sentence: 'metrics is a leaf' },
  clock: { values: [], sentence: 'clock is a leaf' },
  'fail-points': { values: [], sentence: 'fail-points is a leaf' },
  scheduling: { values: [], sentence: 'scheduling is a leaf' },
}
/** May be used anywhere, but not where time, log and counters are arguments. */
const leaves = ['config', 'log', 'metrics', 'clock', 'fail-points', 'scheduling']
const takesArguments = ['domain', 'radius', 'crypto', 'nas/vendors']

/** Files that rooms may import beyond their rule: pure text in and out, connections and error codes (which are not SQL). */
const openFiles: Record<string, string[]> = {
  'nas/vendors': ['src/domain/mac.ts'],
  aaa: ['src/db/pool.ts', 'src/db/breaker.ts'],
  jobs: ['src/db/pool.ts'],
  http: ['src/db/errors.ts'],
  log: ['src/log-output.ts'],
}

/** Packages that a room may not touch, however it came by them. */
const forbiddenPackages: Record<string, { pattern: RegExp; sentence: string }> = {
  'nas/vendors': {
    pattern: /^(node:(dgram|net|fs|http|https|child_process)|pg|kysely|undici)\b/,
    sentence: 'nas/vendors is pure: no sockets, no files, no SQL',
  },
  domain: {
    pattern: /^(node:(dgram|net|http|child_process)|express|pino|prom-client)\b/,
    sentence: 'domain knows no sockets, no express, no logger',
  },
  radius: {
    pattern: /^(pg|kysely|express|pino|prom-client|zod)\b/,
    sentence: 'radius knows no SQL, no logger, no express',
  },
  http: { pattern: /^(pg|kysely)\b/, sentence: 'http holds no SQL' },
}

export type Import = { target: string; typeOnly: boolean }

/** Every import, re-export and dynamic import of a file. */
export function importsOf(text: string): Import[] {
  const found: Import[] = []
  for (const match of text.matchAll(/^(?:import|export)\s(type\s)?([^'`;]*?from\s+)?'([^']+)'/gm)) {
    found.push({ target: match[3]!, typeOnly: match[1] !== undefined || onlyTypes(match[2] ?? '') })
  }
  for (const match of text.matchAll(/\bimport\('([^']+)'\)/g)) found.push({ target: match[1]!, typeOnly: false })
  return found
}

function onlyTypes(clause: string): boolean {
  const names = /^\{([^}]*)\}/
    .exec(clause.trim())?.[1]
    ?.split(',')
    .map((name) => name.trim())
  return names !== undefined && names.filter(Boolean).every((name) => name.startsWith('type '))
}

/** The room of a path below src/: its folder, `nas/vendors`, or the name of a file at the top. */
export function roomOf(path: string): string {
  const parts = path.replace(/^src\//, '').split('/')
  if (parts[0] === 'nas' && parts[1] === 'vendors') return 'nas/vendors'
  return parts[0]!.replace(/\.ts$/, '')
}

function resolveFrom(path: string, target: string): string {
  return new URL(target, `file:///${path}`).pathname.slice(1)
}

export const importRule: Rule = ({ path, text }) => {
  const from = roomOf(path)
  const room = rooms[from]
  if (!path.startsWith('src/') || room === undefined) return []
  return importsOf(text).flatMap(({ target, typeOnly }) => {
    if (!target.startsWith('.')) {
      const ban = forbiddenPackages[from]
      return ban?.pattern.test(target) === true ? [`${path} imports ${target}: ${ban.sentence}`] : []
    }
    const file = resolveFrom(path, target)
    const to = roomOf(file)
    const allowed =
      to === from ||
      !file.startsWith('src/') ||
      openFiles[from]?.includes(file) === true ||
      room.values.includes(to) ||
      (room.values.includes('nas') && to === 'nas/vendors') ||
      (from === 'nas' && to === 'nas/vendors') ||
      (typeOnly && room.types?.includes(to) === true) ||
      (leaves.includes(to) && (to === 'fail-points' || !takesArguments.includes(from)) && from !== 'crypto')
    return allowed ? [] : [`${path} imports ${target}: ${room.sentence}`]
  })
}

export const extensionRule: Rule = ({ path, text }) =>
  importsOf(text)
    .filter(({ target }) => target.startsWith('.') && !/\.(ts|json)$/.test(target))
    .map(({ target }) => `${path} imports ${target}: relative imports end in .ts`)

export const barrelRule: Rule = ({ path, text }) => {
  if (/(^|\/)index\.ts$/.test(path)) return [`${path}: there are no index files; import from the file that has it`]
  const code = withoutComments(text)
    .split('\n')
    .filter((line) => line.trim() !== '')
  const handsOn = code.length > 0 && code.every((line) => /^export (type )?(\*|\{[^}]*\}).* from '/.test(line))
  return handsOn ? [`${path} only hands on: import from the file that has it`] : []
}

export const folderRule: Rule = ({ path }) => {
  const bad = /(?:^|\/)(services|repositories|controllers|models|utils?|helpers?|common)(?:\/|\.ts$)/.exec(path)?.[1]
  return bad === undefined ? [] : [`${path}: nothing is called ${bad}; name what it answers for`]
}

export const environmentRule: Rule = ({ path, text }) =>
  path.startsWith('src/') && path !== 'src/config.ts' && /\bprocess\.env\b/.test(withoutComments(text))
    ? [`${path} reads process.env: only src/config.ts does`]
    : []

export const defaultExportRule: Rule = ({ path, text }) =>
  /^export default\b/m.test(text) && !/(^|\/)vitest\.config\.ts$/.test(path) ? [`${path} has a default export`] : []

export const lengthRule: Rule = ({ path, text }) => {
  const lines = lineCount(text)
  return lines > longest ? [`${path} has ${lines} lines: ${longest} are the limit`] : []
}

export const headRule: Rule = ({ path, text }) => {
  // What a test file answers for is its path: it mirrors src/.
  if (path.endsWith('.test.ts')) return []
  const lines = text.replace(/^#!.*\n/, '').split('\n')
  const end = lines.findIndex((line) => !line.startsWith('//'))
  if (end === 0) return [`${path} does not begin with a comment that says what it answers for`]
  return end > headLongest ? [`${path}: the comment at its head has ${end} lines, ${headLongest} at most`] : []
}

export const docstringRule: Rule = ({ path, text }) => {
  if (!path.startsWith('src/')) return []
  const lines = text.split('\n')
  return lines.flatMap((line, at) => {
    const name = /^export (?:async )?function\*? (\w+)/.exec(line)?.[1]
    const above = lines[at - 1] ?? ''
    // An overload's second signature has its docstring at the first.
    const told = /\*\/\s*$/.test(above) || /^export (?:async )?function/.test(above)
    return name === undefined || told ? [] : [`${path}: exported function ${name} has no docstring`]
  })
}

export const wordRule: Rule = ({ path, text }) => {
  const words: [RegExp, string, string?][] = [
    [/\b(TO[D]O|FIXM[E]|XX[X])\b/, 'do it, or write an issue'],
    [/\bas an[y]\b|:\s*an[y]\b(?=[\s,;)=[\]])/, 'any is not a type', withoutComments(text)],
    [/@ts-(ignor[e]|nochec[k])/, 'the compiler is right'],
  ]
  return words.flatMap(([pattern, sentence, code]) => {
    const found = pattern.exec(code ?? text)?.[0]
    return found === undefined ? [] : [`${path} has "${found}": ${sentence}`]
  })
}

export const consoleRule: Rule = ({ path, text }) =>
  path.startsWith('src/') && /\bconsole\./.test(withoutComments(text)) ? [`${path} writes to the console`] : []

export const skippedTestRule: Rule = ({ path, text }) => {
  const found = /\b(?:it|test|describe)(?:\.\w+)*\.(?:ski[p]|onl[y]|tod[o])\b/.exec(text)?.[0]
  if (found !== undefined) return [`${path} has ${found}: every test runs`]
  // A machine may be without IPv6, without foreign programs, or without the right to mount; in CI the count of skipped tests
  // must be 0.
  const sometimes = /\.(?:skipI[f]|runI[f])\((?!hasIPv6\)|hasTools\('(?:strace|postgres)'\)\)|canMount\(\)\))/.test(
    withoutComments(text),
  )
  return sometimes && !/^test\/(?:foreign|panel)\//.test(path)
    ? [`${path} runs only sometimes: nothing else may be missing`]
    : []
}

export const clockRule: Rule = ({ path, text }) => {
  if (!/^src\/(domain|radius|nas\/vendors)\//.test(path)) return []
  const found = /\b(?:Date\.now\(|new Date\(\)|performance\.now\(|Temporal\.Now)/.exec(withoutComments(text))?.[0]
  return found === undefined ? [] : [`${path} asks for the time (${found}): time is an argument`]
}

export const httpSqlRule: Rule = ({ path, text }) =>
  path.startsWith('src/http/') &&
  /['"`]\s*(select\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s)/i.test(text)
    ? [`${path}: http holds no SQL`]
    : []

export const machinePathRule: Rule = ({ path, text }) => {
  const found = /(?:^|[\s'"`(=:])(\/wor[k]\/|\/hom[e]\/\w|\/User[s]\/\w|\/roo[t]\/\w|\.\.\/share[d]\b)/m.exec(text)?.[1]
  return found === undefined ? [] : [`${path} names a path of one machine (${found})`]
}

/** For every file of src/, test/ and bench/. */
export const sourceRules: Record<string, Rule> = {
  importRule,
  extensionRule,
  barrelRule,
  folderRule,
  environmentRule,
  defaultExportRule,
  lengthRule,
  headRule,
  docstringRule,
  wordRule,
  consoleRule,
  skippedTestRule,
  clockRule,
  httpSqlRule,
  machinePathRule,
}

/** How many lines a file has. */
export function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

/** The text without line and block comments; strings that hold `//` after a colon (URLs) stay. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1')
}
