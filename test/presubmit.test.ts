// The rules of the house, first shown to catch a planted violation, then asked of every file of the project.

import * as fs from 'node:fs'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { importsOf, lineCount, softLimit, sourceRules } from './support/house-rules.ts'
import type { SourceFile } from './support/house-rules.ts'
import { decisionRule, linkRule, lockRule, migrationRule, versionRule } from './support/tree-rules.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const head = '// What it answers for.\n\n'

describe('every rule catches a planted violation', () => {
  const planted: [keyof typeof sourceRules, string, string][] = [
    ['importRule', 'src/domain/plan.ts', `import { x } from '../radius/packet.ts'`],
    ['importRule', 'src/domain/plan.ts', `import { systemClock } from '../clock.ts'`],
    ['importRule', 'src/domain/plan.ts', `import type { Logger } from '../log.ts'`],
    ['importRule', 'src/domain/plan.ts', `import express from 'express'`],
    ['importRule', 'src/radius/server.ts', `import { x } from '../domain/plan.ts'`],
    ['importRule', 'src/radius/server.ts', `import {\n  a,\n  type B,\n} from '../db/pool.ts'`],
    ['importRule', 'src/nas/registry.ts', `import { addPlan } from '../domain/plan.ts'`],
    ['importRule', 'src/nas/registry.ts', `import type { Pool } from '../db/pool.ts'`],
    ['importRule', 'src/nas/vendors/mikrotik.ts', `import { createSocket } from 'node:dgram'`],
    ['importRule', 'src/nas/vendors/mikrotik.ts', `import { createClient } from '../coa.ts'`],
    ['importRule', 'src/http/app.ts', `import { x } from '../radius/packet.ts'`],
    ['importRule', 'src/http/app.ts', `import { createPool } from '../db/pool.ts'`],
    ['importRule', 'src/http/app.ts', `import { sql } from 'kysely'`],
    ['importRule', 'src/aaa/batch.ts', `import { app } from '../http/app.ts'`],
    ['importRule', 'src/simulator/router.ts', `import { plan } from '../domain/plan.ts'`],
    ['importRule', 'src/db/pool.ts', `export { x } from '../domain/plan.ts'`],
    ['importRule', 'src/crypto/md5.ts', `const x = await import('../db/pool.ts')`],
    ['importRule', 'src/log.ts', `import { x } from './supervisor.ts'`],
    ['extensionRule', 'src/domain/plan.ts', `import { x } from './subscriber'`],
    ['extensionRule', 'test/domain/plan.test.ts', `import { x } from '../../src/domain/plan.js'`],
    ['barrelRule', 'src/domain/index.ts', `export const a = 1`],
    ['barrelRule', 'src/domain/all.ts', `${head}export * from './plan.ts'\nexport { x } from './payer.ts'`],
    ['folderRule', 'src/services/plan.ts', ''],
    ['folderRule', 'src/domain/helpers.ts', ''],
    ['environmentRule', 'src/log.ts', `const level = process.env.LEVEL`],
    ['defaultExportRule', 'src/log.ts', `export default 1`],
    ['lengthRule', 'src/log.ts', 'a\n'.repeat(401)],
    ['headRule', 'src/log.ts', `import { x } from './y.ts'`],
    ['headRule', 'src/log.ts', `${'// a\n'.repeat(7)}\nimport { x } from './y.ts'`],
    ['docstringRule', 'src/log.ts', `${head}export function say(): void {}`],
    ['wordRule', 'src/log.ts', `// ${'TO'}${'DO'}: later`],
    ['wordRule', 'src/log.ts', `const a = b as ${'any'}\n`],
    ['wordRule', 'src/log.ts', `// @ts-${'ignore'}`],
    ['consoleRule', 'src/log.ts', `console.log(1)`],
    ['skippedTestRule', 'test/log.test.ts', `it.${'only'}('a', () => undefined)`],
    ['skippedTestRule', 'test/log.test.ts', `describe.concurrent.${'skip'}('a', () => undefined)`],
    ['skippedTestRule', 'test/log.test.ts', `describe.${'skipIf'}(true)('a', () => undefined)`],
    ['clockRule', 'src/domain/plan.ts', `const now = new Date()`],
    ['clockRule', 'src/radius/server.ts', `const now = Date.now()`],
    ['httpSqlRule', 'src/http/routes/plans.ts', 'await db.query(`select * from plan`)'],
    ['machinePathRule', 'docs/a.md', `see ${'/work'}/main/src`],
    ['machinePathRule', 'src/log.ts', `const a = '../${'shared'}/a'`],
  ]
  it.each(planted)('%s in %s', (rule, file, text) => {
    expect(sourceRules[rule]!({ path: file, text })).not.toEqual([])
  })

  it.each<[keyof typeof sourceRules, string, string]>([
    ['importRule', 'src/http/app.ts', `import type { Pool } from '../db/pool.ts'`],
    ['importRule', 'src/aaa/batch.ts', `import { systemClock } from '../clock.ts'`],
    ['importRule', 'src/nas/registry.ts', `import type { Nas } from '../domain/nas.ts'`],
    ['importRule', 'src/nas/registry.ts', `import { type Nas } from '../domain/nas.ts'`],
    ['importRule', 'src/supervisor.ts', `import { migrate } from './db/migrate.ts'`],
    ['environmentRule', 'src/config.ts', `const all = process.env`],
    ['environmentRule', 'src/log.ts', `// process.env is read in config.ts`],
    ['clockRule', 'src/domain/plan.ts', `const then = new Date(now.getTime() + 1)`],
    ['headRule', 'src/log.ts', `${head}import { x } from './y.ts'`],
    ['skippedTestRule', 'test/foreign/a.test.ts', `describe.${'skipIf'}(true)('a', () => undefined)`],
    ['httpSqlRule', 'src/http/routes/plans.ts', `const hint = 'choose or select one of them'`],
  ])('%s lets pass in %s', (rule, file, text) => {
    expect(sourceRules[rule]!({ path: file, text })).toEqual([])
  })

  it('finds every way of importing', () => {
    const text = `import a from 'a'\nimport {\n  b,\n} from './b.ts'\nimport './c.ts'\nexport * from './d.ts'\nimport type { E } from './e.ts'`
    expect(importsOf(text).map((found) => found.target)).toEqual(['a', './b.ts', './c.ts', './d.ts', './e.ts'])
    expect(importsOf(text).filter((found) => found.typeOnly)).toHaveLength(1)
  })

  it('versions, lock, numbers, heads and links', () => {
    expect(versionRule('{"dependencies":{"a":"^1.0.0","b":"1.0.0-beta.1"}}')).toHaveLength(1)
    expect(lockRule('{"resolved": "https://x"}')).toHaveLength(1)
    const first = { name: '0001_a.sql', text: '-- oldest release that may run on it: 0.1.0\n' }
    expect(migrationRule([first, { name: '0003_b.sql', text: first.text }])).toHaveLength(1)
    expect(migrationRule([{ ...first, text: '-- tables' }])).toHaveLength(1)
    expect(
      decisionRule([{ name: '0002-a.md', text: '# A\nDate: x\nStatus: y\n## Context\n## Decision' }]),
    ).toHaveLength(2)
    const text = '[a](docs/a.md) [b](src/b.ts#L1) [c](https://example.org) [d](#here)\n```\n[e](f)\n```'
    expect(linkRule({ path: 'README.md', text }, (to) => to === 'src/b.ts')).toHaveLength(1)
  })
})

describe('the project keeps', () => {
  const sources = [...filesBelow('src'), ...filesBelow('test'), ...filesBelow('bench')].filter((name) =>
    /(?<!\.d)\.ts$/.test(name),
  )

  it.each(Object.keys(sourceRules))('%s', (rule) => {
    expect(sources.length).toBeGreaterThan(20)
    expect(sources.flatMap((name) => sourceRules[rule]!(read(name))).join('\n')).toBe('')
  })

  it('files of about 100 lines: those over 300 are named in the verbose report', async ({ annotate }) => {
    const long = sources.filter((name) => lineCount(read(name).text) > softLimit)
    await annotate(`over ${softLimit} lines: ${long.join(', ') || 'none'}`)
    expect(long.length).toBeLessThan(sources.length / 20)
  })

  it('exact versions and a lock without addresses', () => {
    for (const name of ['package.json', 'web/package.json']) expect(versionRule(read(name).text)).toEqual([])
    expect(lockRule(read('package-lock.json').text)).toEqual([])
  })

  it('numbered migrations and decisions', () => {
    const problems = [...migrationRule(namedTexts('migrations')), ...decisionRule(namedTexts('docs/decisions'))]
    expect(problems.join('\n')).toBe('')
  })

  it('documents whose links lead somewhere, and no path of one machine', () => {
    const top = fs.readdirSync(root).filter((name) => name.endsWith('.md'))
    const documents = [...top, ...filesBelow('docs'), ...filesBelow('bench')].filter((name) => name.endsWith('.md'))
    const exists = (target: string): boolean => fs.existsSync(path.join(root, target))
    expect(documents.flatMap((name) => linkRule(read(name), exists)).join('\n')).toBe('')
    const others = [...documents, ...filesBelow('migrations'), ...filesBelow('.ci'), 'package.json', 'vitest.config.ts']
    expect(others.flatMap((name) => sourceRules.machinePathRule!(read(name))).join('\n')).toBe('')
  })

  it('as many lines of tests as of source', () => {
    const lines = (folder: string): number =>
      sources.filter((name) => name.startsWith(folder)).reduce((sum, name) => sum + lineCount(read(name).text), 0)
    expect(lines('test/')).toBeGreaterThanOrEqual(lines('src/'))
  })
})

function filesBelow(folder: string): string[] {
  const entries = fs.readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
}

function read(name: string): SourceFile {
  return { path: name, text: fs.readFileSync(path.join(root, name), 'utf8') }
}

function namedTexts(folder: string): { name: string; text: string }[] {
  return filesBelow(folder).map((name) => ({ name: path.basename(name), text: read(name).text }))
}
