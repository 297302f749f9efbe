// Compares a router with our books and mends what its NAS's setting `reconcile` allows: the run `reconcile`. Sessions that the
// router does not have end here; what we do not have ends there only where its subscriber is refused, and is shown otherwise.

import { clearAlarm, raiseAlarm } from '../domain/alarm.ts'
import { RouterAccessError } from '../domain/nas-router.ts'
import type { Nas } from '../domain/nas.ts'
import { loadRealms } from '../domain/realm.ts'
import { endGone, readBooks } from '../domain/reconcile-books.ts'
import type { BookedRow } from '../domain/reconcile-books.ts'
import { compareWithRouter } from '../domain/reconcile.ts'
import type { Comparison, RouterLine } from '../domain/reconcile.ts'
import { readSettings } from '../domain/setting.ts'
import { holdersOf } from '../domain/zombie.ts'
import type { Holder } from '../domain/zombie.ts'
import type { PppTarget, Removal, RouterControl } from '../nas/routeros/control.ts'
import { RouterError } from '../nas/routeros/router-error.ts'
import { readRouterLists } from './router-lists.ts'
import { countsOf, lineJson, sessionJson } from './router-sessions.ts'
import { nasOf, onRouter } from './router-run.ts'
import type { CarryOutRun, RouterRunContext } from './router-run.ts'

/** Of a result; the counts are of all. */
const mostShown = 500
/** Of one run: the next finds the others. */
const mostRemoved = 200

type Fate = 'shown' | Removal['kind']
type Zombie = { readonly line: RouterLine; readonly holder: Holder; readonly fate: Fate }

/** Carries out the run `reconcile`. An error of the router changes nothing, and raises an alarm beside failing the run. */
export const reconcileRouter: CarryOutRun = async (context, { nasId }) => {
  const nas = await nasOf(context, nasId)
  const failed = { kind: 'router-access', subject: nas.name }
  try {
    const done = await onRouter(context, nasId, (control) => reconcile(context, nas, control))
    await clearAlarm(context.db, failed, context.now)
    return done
  } catch (error) {
    const isRouters = error instanceof RouterError || error instanceof RouterAccessError
    if (isRouters && !context.signal.aborted)
      await raiseAlarm(context.pool, { ...failed, text: error.message }, context.now)
    throw error
  }
}

async function reconcile(context: RouterRunContext, nas: Nas, control: RouterControl) {
  const { pool, now } = context
  const realms = await loadRealms(pool)
  const lists = await readRouterLists(control, { nas, realms })
  // After the lists: who has come or gone in between is young.
  const books = await readBooks(pool, nas.id, now)
  const found = compareWithRouter(lists, books, now)
  await tellDoubt(context, nas, found.doubt)
  const isMended = nas.settings.reconcile === 'mend' && found.doubt === undefined
  const versions = new Map(books.map(({ id, version }) => [id, version]))
  const gone = found.gone.map(({ id }): Pick<BookedRow, 'id' | 'version'> => ({ id, version: versions.get(id)! }))
  const ended = isMended ? await endGone(pool, gone, now) : []
  const zombies = await meetZombies(context, { nas, control, lines: found.zombies, isMended })
  return resultOf(found, { mode: isMended ? 'mend' : 'show', ended: new Set(ended), zombies, now })
}

async function tellDoubt({ pool, db, now, log }: RouterRunContext, nas: Nas, doubt: string | undefined): Promise<void> {
  const alarm = { kind: 'router-list-in-doubt', subject: nas.name }
  if (doubt === undefined) {
    await clearAlarm(db, alarm, now)
    return
  }
  log.warn({ nas: nas.name, doubt }, 'the lists of a router are not believed')
  await raiseAlarm(pool, { ...alarm, text: `${doubt}; nothing was mended: look at /ppp active and its log` }, now)
}

async function meetZombies(
  { pool, db, now }: RouterRunContext,
  {
    nas,
    control,
    lines,
    isMended,
  }: { nas: Nas; control: RouterControl; lines: readonly RouterLine[]; isMended: boolean },
): Promise<Zombie[]> {
  const { zone } = await readSettings(db)
  const holders = await holdersOf(pool, { lines, nas, zone }, now)
  const zombies: Zombie[] = []
  let left = isMended ? mostRemoved : 0
  for (const [at, line] of lines.entries()) {
    const holder = holders[at]!
    const isRefused = holder.kind === 'subscriber' && holder.refused !== undefined
    // What the router let in by itself is none of our business.
    const fate = left > 0 && isRefused && line.fromRadius === true ? await removeLine(control, line) : 'shown'
    if (fate !== 'shown') left -= 1
    zombies.push({ line, holder, fate })
  }
  return zombies
}

/** Exactly this row, by what it was read with: who dialled again since is another one. */
async function removeLine(control: RouterControl, line: RouterLine): Promise<Fate> {
  const { kind, name, sessionId, mac, address } = line
  if (kind === 'ppp') {
    const target = pppTarget(name, sessionId, mac)
    return target === undefined ? 'shown' : (await control.removePpp(target)).kind
  }
  if (address === undefined || mac === undefined) return 'shown'
  const removal =
    kind === 'lease' ? control.removeLease({ address, mac }) : control.removeHotspot({ user: name, address, mac })
  return (await removal).kind
}

function pppTarget(name: string, sessionId: string | undefined, callerId: string | undefined): PppTarget | undefined {
  if (sessionId !== undefined) return { name, sessionId, ...(callerId === undefined ? {} : { callerId }) }
  return callerId === undefined ? undefined : { name, callerId }
}

type Done = { mode: 'show' | 'mend'; ended: ReadonlySet<bigint>; zombies: readonly Zombie[]; now: Date }

function resultOf(found: Comparison, { mode, ended, zombies, now }: Done) {
  const gone = found.gone.slice(0, mostShown)
  const shown = zombies.slice(0, mostShown)
  return {
    personIds: [
      ...gone.flatMap(({ subscriberId }) => subscriberId ?? []),
      ...shown.flatMap(({ holder }) => (holder.kind === 'subscriber' ? holder.id : [])),
    ],
    result: {
      read_at: now.toISOString(),
      mode,
      doubt: found.doubt ?? null,
      on_router: countsOf(found.lines.map(({ line }) => line)),
      left_alone: found.leftAlone,
      gone_count: found.gone.length,
      ended_count: ended.size,
      gone: gone.map((session) => ({ ...sessionJson(session), ended: ended.has(session.id) })),
      zombie_count: zombies.length,
      removed_count: zombies.filter(({ fate }) => fate === 'removed').length,
      zombies: shown.map(({ line, holder, fate }) => ({
        ...lineJson(line),
        subscriber_id: holder.kind === 'subscriber' ? Number(holder.id) : null,
        refused: holder.kind === 'subscriber' ? (holder.refused ?? null) : null,
        outcome: fate,
      })),
    },
  }
}
