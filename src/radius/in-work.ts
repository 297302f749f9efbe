// How many requests are in work, for whoever must know when there are none left.

/** A count that can be waited for. */
export class InWork {
  #count = 0
  #whenNone: (() => void) | undefined

  get count(): number {
    return this.#count
  }

  begin(): void {
    this.#count += 1
  }

  done(): void {
    this.#count -= 1
    if (this.#count === 0) this.#whenNone?.()
  }

  /** Resolves when nothing is in work, after so long at the latest. */
  noneWithin(milliseconds: number): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#whenNone = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
