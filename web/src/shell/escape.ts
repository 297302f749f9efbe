// Escape closes what lies on top and nothing under it: each dialog by itself would hear it, whatever lies over it.

const dialogs = '[role="dialog"][aria-modal="true"]'
const parts = (name: string): string => `.mantine-Modal-${name}, .mantine-Drawer-${name}`

export function closeTopOnEscape(): void {
  window.addEventListener('keydown', press, { capture: true })
}

function press(event: KeyboardEvent): void {
  if (event.key !== 'Escape' || event.isComposing || !(event.target instanceof Element)) return
  // A list of choices or a menu is open over it.
  if (event.target.getAttribute('data-mantine-stop-propagation') === 'true') return
  const within = event.target.closest('[role="dialog"]')
  if (within !== null && !within.matches(dialogs)) return
  const top = [...document.querySelectorAll(dialogs)].at(-1)
  const way =
    top?.querySelector<HTMLElement>(parts('close')) ??
    top?.closest(parts('root'))?.querySelector<HTMLElement>(parts('overlay'))
  way?.click()
}
