// The same in Arabic, loaded when it is chosen.
import { portal } from '../i18n/ar/portal.ts'
import { shell } from '../i18n/ar/shell.ts'
import { signIn } from '../i18n/ar/sign-in.ts'

export const portalWords = { ...shell, ...signIn, ...portal }
