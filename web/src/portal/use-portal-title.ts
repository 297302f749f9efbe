// What the tab is called: the page, and the portal.
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'

export function usePortalTitle(page: string): void {
  const { t } = useTranslation()
  const name = t('portal.name')
  useEffect(() => {
    document.title = `${page} · ${name}`
  }, [page, name])
}
