// What runs in the page while the panel is measured: when rows were painted, counted from what caused them.

/** Kept at `window.probe`: all in milliseconds of the page's own clock. */
export const probe = `
window.probe = {
  /** The rows that fill the window are there with what is in them, and belong to the question asked last. */
  isWhole() {
    const grid = document.querySelector('[role=grid]')
    if (grid === null || grid.getAttribute('aria-busy') === 'true') return false
    const box = grid.getBoundingClientRect()
    const [first, ...all] = grid.querySelectorAll('[role=row]')
    const head = first?.getBoundingClientRect().bottom ?? box.top
    const filled = all
      .filter((row) => row.querySelectorAll('[role=gridcell]').length > 2)
      .map((row) => row.getBoundingClientRect())
      .filter((row) => row.bottom > head && row.top < box.bottom)
    const least = Math.min(...filled.map((row) => row.top)), most = Math.max(...filled.map((row) => row.bottom))
    const asMany = (box.bottom - head) / (filled[0]?.height ?? 1) - 1
    return filled.length >= asMany && least <= head + 1 && most >= box.bottom - 40
  },
  /** Resolves after the frame in which it holds was painted: what is posted while a frame is made is heard when it is done. */
  painted(holds, begun) {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return requestAnimationFrame(look)
        const channel = new MessageChannel()
        channel.port1.onmessage = () => resolve(performance.now() - begun)
        channel.port2.postMessage(0)
      }
      requestAnimationFrame(look)
    })
  },
  /** From the next event of this kind to the rows that follow from it. What scrolls may have moved before the event is heard. */
  after(kind, changes) {
    return new Promise((resolve) => {
      const before = changes()
      addEventListener(kind, (event) => {
        const isNew = () => changes() !== before && this.isWhole()
        resolve(this.painted(isNew, event.timeStamp))
      }, { once: true, capture: true })
    })
  },
  rows: () => document.querySelector('[role=grid] [role=rowgroup]:last-of-type').textContent,
  filter: () => document.querySelector('[aria-pressed]').getAttribute('aria-pressed'),
  order: () => document.querySelector('[aria-sort]').getAttribute('aria-sort'),
  scrolled: () => document.querySelector('[role=grid]').scrollTop,
}
window.probe.first = window.probe.painted(() => window.probe.isWhole(), 0)
`
