// The order in which vitest takes the files: those that take longest first, so that none of them begins when one process has
// nothing more to do. What vitest has measured itself decides; where it has measured nothing yet, as in CI, this list does.
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The longest first; what is not here takes less than ten seconds. */
const longest = [
  'panel/open-things',
  'panel/every-page',
  'flows/two-instances',
  'drills/rotate-keys',
  'flows/kill-any',
  'panel/network',
  'flows/outage',
  'flows/postgres-away',
  'flows/outage-accounting',
  'flows/cold-start',
  'flows/kill-radius',
  'domain/key-rotation',
  'aaa/journal/running',
  'http/fuzz',
  'db/embedded',
  'http/routes/events',
  'panel/keyboard',
  'panel/actions',
  'panel/attacks',
  'supervisor',
  'cli/command-line',
  'cli/simulate',
  'drills/backup-and-restore',
  'aaa/journal/crash',
  'foreign/freeradius-proxy',
  'http/every-route',
  'flows/enforcement-evidence',
].map((name) => `/test/${name}.test.ts`)

/** The place of a file in the list; behind all of it where it is not there. */
function placeOf(file: string): number {
  const at = longest.findIndex((name) => file.endsWith(name))
  return at === -1 ? longest.length : at
}

/** The class that vitest wants. Files that are not in the list stay as vitest orders them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- vitest's own, which gives a new array
    const sorted = await super.sort(files)
    const isMeasured = files.every((file) => this.ctx.cache.getTestSpecificationResult(file) !== undefined)
    return isMeasured ? sorted : sorted.toSorted((one, other) => placeOf(one.moduleId) - placeOf(other.moduleId))
  }
}
