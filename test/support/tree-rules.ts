// The rules that look at more than one source file: package.json and its lock, the order of migrations and decisions, and the
// links between documents. Like house-rules.ts they take text and answer with sentences.

/** Versions are exact: another machine resolves the same packages. */
export function versionRule(packageJson: string): string[] {
  const parsed = JSON.parse(packageJson) as Record<string, Record<string, string> | undefined>
  const all = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((key) =>
    Object.entries(parsed[key] ?? {}),
  )
  return all
    .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name, version]) => `package.json: ${name} ${version} is not an exact version`)
}

/** The lock names no place to fetch from: each machine has its own registry. */
export function lockRule(lock: string): string[] {
  // A workspace is a link to its folder, which is no address.
  return /"resolved": *"[^"]*:/.test(lock) ? ['package-lock.json has "resolved" addresses: see .npmrc'] : []
}

/** Migrations are numbered from 0001 without a gap and say which release may still run on them. */
export function migrationRule(files: { name: string; text: string }[]): string[] {
  const numbers = numberRule(
    files.map((file) => file.name).filter((name) => name.endsWith('.sql')),
    'migrations',
  )
  const heads = files
    .filter(
      ({ name, text }) => name.endsWith('.sql') && !/^-- oldest release that may run on it: \d+\.\d+\.\d+\n/.test(text),
    )
    .map(({ name }) => `migrations/${name} does not begin with "-- oldest release that may run on it: x.y.z"`)
  return [...numbers, ...heads]
}

/** Decisions are numbered from 0001 without a gap, and hold what a decision has. */
export function decisionRule(files: { name: string; text: string }[]): string[] {
  const decisions = files.filter(({ name }) => name.endsWith('.md') && name !== 'README.md')
  const parts = decisions.flatMap(({ name, text }) =>
    ['Date', 'Status', 'Context', 'Decision', 'Consequences']
      .filter((part) => !new RegExp(`\\b${part}\\b`).test(text))
      .map((part) => `docs/decisions/${name} has no ${part}`),
  )
  return [
    ...numberRule(
      decisions.map((file) => file.name),
      'docs/decisions',
    ),
    ...parts,
  ]
}

function numberRule(names: string[], folder: string): string[] {
  return names.toSorted().flatMap((name, at) => {
    const wanted = String(at + 1).padStart(4, '0')
    return name.startsWith(wanted) ? [] : [`${folder}/${name} should have the number ${wanted}`]
  })
}

/** Relative links of a document lead somewhere. `exists` is asked for a path relative to the project. */
export function linkRule(file: { path: string; text: string }, exists: (path: string) => boolean): string[] {
  const prose = file.text.replace(/```[\s\S]*?```/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target]) => {
    if (target === undefined || /^([a-z]+:|#)/.test(target)) return []
    const to = new URL(target, `file:///${file.path}`).pathname.slice(1)
    return exists(decodeURIComponent(to)) ? [] : [`${file.path} links to ${target}, which is not there`]
  })
}
