// The subscribers' portal: an app of its own beside the panel, so that a phone loads no more than it shows.
import './portal.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { startI18n } from '../i18n/i18n.ts'
import { closeTopOnEscape } from '../shell/escape.ts'
import { keepFocus } from '../shell/focus.ts'
import { portalWords } from './words.ts'
import { PortalApp } from './portal-app.tsx'

await startI18n(portalWords, { en: {}, ar: { first: async () => (await import('./words-ar.ts')).portalWords } })
keepFocus()
closeTopOnEscape()
createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <PortalApp />
  </StrictMode>,
)
