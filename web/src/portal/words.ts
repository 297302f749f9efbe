// The words of the portal: its own, and those of signing in and of problems, which it has in common with the panel.
import { portal } from '../i18n/en/portal.ts'
import { shell } from '../i18n/en/shell.ts'
import { signIn } from '../i18n/en/sign-in.ts'

export const portalWords = { ...shell, ...signIn, ...portal }
