// A look at Postgres for what has changed: one at a time, by a timer or because somebody must see what is there now.

export type Look = {
  /** The one under way, or a new one. */
  join(): Promise<void>
  /** One that begins after this call: it sees whatever was committed before. Rejects as the work does. */
  anew(): Promise<void>
  /** Resolves when none is under way; never rejects. */
  settled(): Promise<void>
}

/** Looks by `work`, which rejects where Postgres cannot be asked; never twice at a time. */
export function createLook(work: () => Promise<void>): Look {
  let looking: Promise<void> | undefined
  const join = (): Promise<void> => (looking ??= work().finally(() => (looking = undefined)))
  const settled = async (): Promise<void> => looking?.catch(() => undefined)
  return {
    join,
    settled,
    async anew() {
      await settled()
      await join()
    },
  }
}
