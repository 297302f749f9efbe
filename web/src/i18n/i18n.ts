// Words, direction and numbers of the language that this browser chose. English is at hand; every other catalogue comes when it
// is chosen.
import { createInstance, type i18n as I18n } from 'i18next'
import { initReactI18next } from 'react-i18next'
import type { en } from './en.ts'
import type { portal } from './en/portal.ts'

export const languages = { en: { name: 'English', dir: 'ltr' }, ar: { name: 'العربية', dir: 'rtl' } } as const
export type Language = keyof typeof languages

const keptAt = 'gatehouse.language'
export const i18n: I18n = createInstance()

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation'
    resources: { translation: typeof en & typeof portal }
  }
}

/** English, and how the others are fetched. The portal has fewer words than the panel. */
export type Catalogues = { en: object; ar(): Promise<object> }
let catalogues: Catalogues | undefined

export async function startI18n(words: Catalogues): Promise<void> {
  catalogues = words
  await i18n.use(initReactI18next).init({
    lng: 'en',
    fallbackLng: 'en',
    resources: { en: { translation: words.en } },
    // React escapes what it shows.
    interpolation: { escapeValue: false },
  })
  await setLanguage(keptLanguage())
}

/** Loads the catalogue, turns the page, and keeps the choice in this browser. */
export async function setLanguage(language: Language): Promise<void> {
  if (language === 'ar' && !i18n.hasResourceBundle('ar', 'translation')) {
    i18n.addResourceBundle('ar', 'translation', await catalogues?.ar())
  }
  await i18n.changeLanguage(language)
  document.documentElement.lang = language
  document.documentElement.dir = languages[language].dir
  localStorage.setItem(keptAt, language)
}

export function currentLanguage(): Language {
  return i18n.language === 'ar' ? 'ar' : 'en'
}

function keptLanguage(): Language {
  const wanted = localStorage.getItem(keptAt) ?? navigator.language.slice(0, 2)
  return wanted === 'ar' ? 'ar' : 'en'
}
