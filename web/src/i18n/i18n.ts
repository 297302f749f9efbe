// Words, direction and numbers of the language that this browser chose. What the first page says in English is at hand; all other
// words come when they are needed.
import { createInstance, type i18n as I18n } from 'i18next'
import { initReactI18next } from 'react-i18next'
import type { en } from './en.ts'
import type { enMore } from './en-more.ts'
import type { portal } from './en/portal.ts'

export const languages = { en: { name: 'English', dir: 'ltr' }, ar: { name: 'العربية', dir: 'rtl' } } as const
export type Language = keyof typeof languages

const keptAt = 'gatehouse.language'
export const i18n: I18n = createInstance()

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation'
    resources: { translation: typeof en & typeof enMore & typeof portal }
  }
}

type Load = () => Promise<object>
/** Of each language what the first page says, where that is not at hand, and what all others say. */
type Catalogues = Readonly<Record<Language, { first?: Load; more?: Load }>>
let catalogues: Catalogues | undefined
let isMoreWanted = false
const loaded = new Map<Load, Promise<unknown>>()

/** `atHand`: the English words of the first page. */
export async function startI18n(atHand: object, words: Catalogues): Promise<void> {
  catalogues = words
  await i18n.use(initReactI18next).init({
    lng: 'en',
    fallbackLng: 'en',
    resources: { en: { translation: atHand } },
    // React escapes what it shows.
    interpolation: { escapeValue: false },
    // A piece forgot to wait for its words (later.ts): it shows them a moment late.
    react: { bindI18nStore: 'added' },
    saveMissing: true,
    missingKeyHandler: (_languages, _namespace, key, _fallback, _isUpdate, options: { defaultValue?: string }) => {
      if (options.defaultValue !== undefined) return
      // oxlint-disable-next-line no-console -- for whoever works on the panel; tests fail of it
      console.warn(`no words for ${key}`)
      void allWords()
    },
  })
  await setLanguage(keptLanguage())
}

/** Every word of the panel in this language, as a piece that is loaded later needs them. */
export async function allWords(): Promise<void> {
  isMoreWanted = true
  await loadWords(currentLanguage())
}

async function loadWords(language: Language): Promise<void> {
  const { first, more } = catalogues?.[language] ?? {}
  const wanted = [first, isMoreWanted ? more : undefined].filter((load) => load !== undefined)
  await Promise.all(wanted.map((load) => addWords(language, load)))
}

function addWords(language: Language, load: Load): Promise<unknown> {
  const known = loaded.get(load)
  if (known !== undefined) return known
  const adding = load().then((words) => i18n.addResourceBundle(language, 'translation', words, true))
  loaded.set(load, adding)
  adding.catch(() => loaded.delete(load))
  return adding
}

/** Loads its words, turns the page, and keeps the choice in this browser. */
export async function setLanguage(language: Language): Promise<void> {
  await loadWords(language)
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
