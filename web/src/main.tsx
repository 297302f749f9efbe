// The panel: who is signed in decides what is shown; everything else is behind the router.
import './styles.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App, firstPage } from './app.tsx'
import { en } from './i18n/en.ts'
import { startI18n } from './i18n/i18n.ts'
import { closeTopOnEscape } from './shell/escape.ts'
import { keepFocus } from './shell/focus.ts'

await startI18n(en, {
  en: { more: async () => (await import('./i18n/en-more.ts')).enMore },
  ar: {
    first: async () => (await import('./i18n/ar.ts')).ar,
    more: async () => (await import('./i18n/ar-more.ts')).arMore,
  },
})
await firstPage
keepFocus()
closeTopOnEscape()
createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
