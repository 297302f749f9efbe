// Builds the panel where its sources, or what the API says of itself, are newer than what was built last.
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'

const web = join(import.meta.dirname, '..')
const dist = join(web, 'dist')
const stamp = join(dist, 'index.html')

/** What goes into it: the panel, and the part of the server that its types are made of. */
const sources = [
  'src',
  'build',
  'public',
  'index.html',
  'portal.html',
  'vite.config.ts',
  '../src/http',
  '../package-lock.json',
]

/** Resolves when `web/dist` is what the sources say. Throws what Vite or the generator finds wrong. */
export async function buildPanel(): Promise<void> {
  if (!isStale()) return
  const begun = Date.now()
  process.stderr.write('the panel is built\n')
  const { generateApi } = await import('./generate-api.ts')
  await generateApi()
  const { build } = await import('vite')
  await build({ configFile: join(web, 'vite.config.ts'), logLevel: 'warn' })
  // What was changed while it was built is newer than this.
  utimesSync(stamp, begun / 1000, begun / 1000)
}

function isStale(): boolean {
  return !existsSync(stamp) || sources.some((source) => newestOf(join(web, source)) > statSync(stamp).mtimeMs)
}

function newestOf(path: string): number {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  // Generated from the others: as old as the build.
  const names = readdirSync(path).filter((name) => name !== 'generated')
  return Math.max(stat.mtimeMs, ...names.map((name) => newestOf(join(path, name))))
}

if (import.meta.main) await buildPanel()
