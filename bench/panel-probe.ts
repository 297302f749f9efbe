// What runs in the page while the panel is measured: when rows were painted, counted from what caused them.

/** Kept at `window.probe`: all in milliseconds of the page's own clock. */
export const probe = `
window.probe = {
  /** The rows that fill the window are there, and belong to the question asked last. */
  isWhole() {
    const grid = document.querySelector('[role=grid]')
    if (grid === null || grid.getAttribute('aria-busy') === 'true') return false
    const box = grid.getBoundingClientRect()
    const rows = [...grid.querySelectorAll('[role=row]')].map((row) => row.getBoundingClientRect())
    const head = rows[0]?.bottom ?? box.top
    const filled = rows.slice(1).filter((row) => row.bottom > head && row.top < box.bottom)
    const least = Math.min(...filled.map((row) => row.top)), most = Math.max(...filled.map((row) => row.bottom))
    return filled.length > 5 && least <= head + 1 && most >= box.bottom - 40
  },
  /** Resolves after the frame in which it holds was painted. */
  painted(holds, begun) {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return requestAnimationFrame(look)
        const channel = new MessageChannel()
        channel.port1.onmessage = () => resolve(performance.now() - begun)
        requestAnimationFrame(() => channel.port2.postMessage(0))
      }
      look()
    })
  },
  /** From the next event of this kind to the rows that follow from it. */
  after(kind, changes) {
    return new Promise((resolve) => {
      addEventListener(kind, (event) => {
        const before = changes()
        const isNew = () => changes() !== before && this.isWhole()
        resolve(this.painted(isNew, event.timeStamp))
      }, { once: true, capture: true })
    })
  },
  firstRow: () => document.querySelector('[role=grid] [role=row][aria-rowindex]:not([aria-rowindex="1"])')?.textContent,
  scrolled: () => document.querySelector('[role=grid]').scrollTop,
}
window.probe.first = window.probe.painted(() => window.probe.isWhole(), 0)
`
