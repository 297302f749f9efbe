// Replies that are held back, as rejects are: each until its time, or until the server ends and they leave at once, so that it
// waits for nothing else.

/** Owns the timers of the replies that are held back. */
export class HeldReplies {
  readonly #most: number
  readonly #timers = new Map<NodeJS.Timeout, () => void>()
  #isOver = false

  /** More than `most` at once are not held. */
  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#timers.size
  }

  /** Resolves when the reply may leave; undefined: at once. */
  hold(milliseconds: number): Promise<void> | undefined {
    if (this.#isOver || this.#timers.size >= this.#most) return undefined
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        resolve()
      }, milliseconds)
      this.#timers.set(timer, resolve)
    })
  }

  /** All leave now, and none is held any more. */
  letGo(): void {
    this.#isOver = true
    for (const [timer, leave] of this.#timers) {
      clearTimeout(timer)
      leave()
    }
    this.#timers.clear()
  }
}
