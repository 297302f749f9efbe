// The look with the words that its own buttons need, in the language of the moment.
import { MantineProvider, mergeThemeOverrides, useDirection, type MantineThemeOverride } from '@mantine/core'
import { useEffect, useMemo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { languages, type Language } from './i18n/i18n.ts'
import { cssVariables, theme } from './theme.ts'

export function Look({ children }: { children: ReactNode }) {
  const own = useTheme()
  return (
    <MantineProvider theme={own} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      {children}
    </MantineProvider>
  )
}

function useTheme(): MantineThemeOverride {
  const { t, i18n } = useTranslation()
  const { setDirection } = useDirection()
  const { language } = i18n
  useEffect(() => setDirection(languages[language as Language].dir), [language, setDirection])
  return useMemo(() => {
    const closeButtonProps = { 'aria-label': t('act.close') }
    // The head of a dialog is not the head of the page.
    const dialog = { defaultProps: { closeButtonProps, attributes: { header: { role: 'none' } } } }
    return mergeThemeOverrides(theme, {
      components: {
        // The first item has the focus then; what stands in for it is no item of a menu.
        Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
        Modal: dialog,
        Drawer: dialog,
        Notification: { defaultProps: { closeButtonProps } },
        Alert: { defaultProps: { closeButtonLabel: t('act.close') } },
        PasswordInput: { defaultProps: { visibilityToggleButtonProps: { 'aria-label': t('act.showPassword') } } },
      },
    })
  }, [t])
}
