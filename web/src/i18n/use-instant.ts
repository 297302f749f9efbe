// Instants as this ISP writes them: in its zone and in the format that the settings name.
import { useCallback, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { formatInstant } from './format.ts'
import { houseStyle, onHouseStyle } from './house-style.ts'

/** `const instant = useInstant()`, then `instant(row.created_at)`; nothing at all for null. */
export function useInstant(): (iso: string | null | undefined) => string {
  const { i18n } = useTranslation()
  const { zone, dateFormat } = useSyncExternalStore(onHouseStyle, houseStyle)
  const { language } = i18n
  return useCallback(
    (iso) => (iso == null ? '' : formatInstant(iso, zone, dateFormat)),
    // oxlint-disable-next-line react/exhaustive-deps -- the language decides too
    [zone, dateFormat, language],
  )
}
