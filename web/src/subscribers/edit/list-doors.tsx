// The doors from the list to adding one and to importing many; `n` adds one.
import { Button } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconFileImport, IconUserPlus } from '@tabler/icons-react'
import { Link, useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useMay } from '../../sign-in/me.ts'

export function ListDoors() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const mayAdd = useMay('subscriber.create')
  useHotkeys([['n', () => mayAdd && void navigate({ to: '/subscribers/new' })]])
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
      >
        {t('subscribers.add')}
      </Button>
    </>
  )
}
