// What the tab is called: as the page of the navigation, unless a page of one thing names that.
import { useEffect } from 'react'

const product = 'Gatehouse'
let own: string | undefined
let usual: string | undefined

function write(): void {
  const name = own ?? usual
  document.title = name === undefined ? product : `${name} · ${product}`
}

/** Of a page about one thing: its name; nothing while that is not known. */
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    own = title
    write()
    return () => {
      own = undefined
      write()
    }
  }, [title])
}

/** Of the frame: what the tab is called when the page says nothing itself. */
export function useUsualTitle(title: string | undefined): void {
  useEffect(() => {
    usual = title
    write()
  }, [title])
}
