// The keyboard everywhere: Ctrl-K, Ctrl-Z for what was done last, and single letters while nothing is typed in and no dialog is
// open. Letters are found by their place too, so that they work on an Arabic keyboard. They can be switched off (WCAG 2.2, 2.1.4).
import { useLocalStorage } from '@mantine/hooks'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useRef } from 'react'
import { usePages } from './pages.ts'

const secondKeyMs = 1_500
const newButton = '[data-shortcut="n"]'
const undoButton = '[data-shortcut="ctrl-z"]'
const searchBox = '[data-shortcut="/"], input[type="search"]'

/** Whether single letters do something, in this browser. */
export function useSingleKeys() {
  return useLocalStorage({ key: 'gatehouse.single-keys', defaultValue: true, getInitialValueInEffect: false })
}

/** Listens while the shell is shown. */
export function useKeys({ onQuickOpen, onHelp }: { onQuickOpen(): void; onHelp(): void }): void {
  const pages = usePages()
  const navigate = useNavigate()
  const [single] = useSingleKeys()
  const goAt = useRef(0)

  const press = useEffectEvent((event: KeyboardEvent) => {
    const key = keyOf(event)
    if ((event.ctrlKey || event.metaKey) && !event.altKey && key === 'k') {
      event.preventDefault()
      onQuickOpen()
      return
    }
    if (key === 'z' && isUndo(event)) {
      const newest = [...document.querySelectorAll<HTMLElement>(undoButton)].at(-1)
      newest?.click()
      if (newest !== undefined) event.preventDefault()
      return
    }
    if (!single || event.ctrlKey || event.metaKey || event.altKey || isBusy(event)) return
    const isSecond = Date.now() - goAt.current < secondKeyMs
    goAt.current = 0
    const page = isSecond ? pages.find((one) => one.key === key) : undefined
    if (page !== undefined) void navigate({ to: page.path as '/' })
    else if (key === 'g') goAt.current = Date.now()
    else if (key === '?') onHelp()
    else if (key === '/' && focusFirst(searchBox)) event.preventDefault()
    else if (key === 'n') document.querySelector<HTMLElement>(`#content ${newButton}`)?.click()
    else return
    event.preventDefault()
  })
  useEffect(() => {
    const listener = (event: KeyboardEvent) => press(event)
    document.addEventListener('keydown', listener)
    return () => document.removeEventListener('keydown', listener)
  }, [])
}

function keyOf({ key, code, shiftKey }: KeyboardEvent): string {
  if (/^[!-~]$/.test(key)) return key.toLowerCase()
  if (code === 'Slash') return shiftKey ? '?' : '/'
  return /^Key[A-Z]$/.test(code) ? code.slice(3).toLowerCase() : key
}

/** In a box of letters it takes back the letters. */
function isUndo(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && !isTyping(event)
}

function isBusy(event: KeyboardEvent): boolean {
  const isOver = document.querySelector('[role="dialog"], [role="menu"]') !== null
  return event.defaultPrevented || isOver || isTyping(event)
}

function isTyping({ target }: KeyboardEvent): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))
}

function focusFirst(selector: string): boolean {
  const box = document.querySelector<HTMLInputElement>(`#content :is(${selector})`)
  box?.focus()
  box?.select()
  return box !== null
}
