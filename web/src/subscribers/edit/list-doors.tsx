// The doors from the list to adding one, which `n` opens too (shell/keys.ts), and to importing many.
import { Button } from '@mantine/core'
import { IconFileImport, IconUserPlus } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useMay } from '../../sign-in/me.ts'

export function ListDoors() {
  const { t } = useTranslation()
  const mayAdd = useMay('subscriber.create')
  if (!mayAdd) return null
  return (
    <>
      <Button
        component={Link}
        to="/subscribers/import"
        variant="default"
        leftSection={<IconFileImport size={16} aria-hidden />}
      >
        {t('subscribers.import')}
      </Button>
      <Button
        component={Link}
        to="/subscribers/new"
        leftSection={<IconUserPlus size={16} aria-hidden />}
        aria-keyshortcuts="n"
        data-shortcut="n"
      >
        {t('subscribers.add')}
      </Button>
    </>
  )
}
