// To the clipboard, and says so.
import { notifications } from '@mantine/notifications'
import { useTranslation } from 'react-i18next'

export function useCopy(): (text: string) => void {
  const { t } = useTranslation()
  return (text) => {
    // Without a secure origin a browser has no clipboard for pages.
    const done = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'))
    void done.then(
      () => notifications.show({ message: t('subscribers.copied', { text }), autoClose: 2_000 }),
      () => notifications.show({ message: text, autoClose: 10_000 }),
    )
  }
}
