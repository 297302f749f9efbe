// The focus is never lost. Whatever has it may go away: a dialog closes, a row is deleted, a button does its work and takes no key
// meanwhile. Then it is where it was before, in the same dialog if that is still open; on a new page at its content.

type Stop = { element: HTMLElement; dialog: Element | null; path: string }

/** Nobody goes back further. */
const longest = 40
const boxes = 'input, textarea, select'
const stops = ':is(a[href], button, input, select, textarea, [tabindex]):not([tabindex="-1"], :disabled)'

export function keepFocus(): void {
  let trail: Stop[] = []
  let isByPointer = false
  document.addEventListener('pointerdown', () => (isByPointer = true), { capture: true })
  document.addEventListener('keydown', () => (isByPointer = false), { capture: true })
  document.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof HTMLElement)) return
    const before = trail.filter(({ element }) => element !== target && element.isConnected)
    const stop = { element: target, dialog: target.closest('[role="dialog"]'), path: location.pathname }
    trail = [...before, stop].slice(-longest)
  })
  // Whoever clicks beside everything means it.
  document.addEventListener('pointerup', () => {
    if (isLost()) trail = []
  })
  const look = new MutationObserver(() => {
    if (trail.length > 0 && isLost()) nextOf(trail, isByPointer)?.focus({ preventScroll: true })
  })
  look.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled'] })
}

function isLost(): boolean {
  return document.activeElement === null || document.activeElement === document.body
}

/** Whoever clicked does not go on typing: letters shall do what keys.ts says, and fall into no box. */
function nextOf(trail: readonly Stop[], isByPointer: boolean): HTMLElement | null | undefined {
  const { element, dialog } = trail.at(-1)!
  // It has begun something, and comes back.
  if (element.isConnected && element.dataset['loading'] !== undefined) return undefined
  const there = trail.filter(
    ({ element: one, path }) => path === location.pathname && canHave(one) && !(isByPointer && one.matches(boxes)),
  )
  if (dialog?.isConnected === true)
    return there.findLast((stop) => stop.dialog === dialog)?.element ?? dialog.querySelector<HTMLElement>(stops)
  return there.at(-1)?.element ?? document.querySelector<HTMLElement>('#content')
}

function canHave(element: HTMLElement): boolean {
  return element.isConnected && !element.matches(':disabled') && element.getClientRects().length > 0
}
