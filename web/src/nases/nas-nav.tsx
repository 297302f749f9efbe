// The ways between the pages of NASes.
import { Anchor, Group } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import classes from '../list/places.module.css'

const places = [
  { to: '/nases', name: 'devices' },
  { to: '/nases/clients', name: 'clients' },
  { to: '/nases/groups', name: 'groups' },
  { to: '/nases/realms', name: 'realms' },
] as const

export function NasNav() {
  const { t } = useTranslation()
  return (
    <Group component="nav" gap={4} wrap="nowrap" aria-label={t('nav.nases')} className={classes.places}>
      {places.map(({ to, name }) => (
        <Anchor
          key={to}
          size="sm"
          underline="never"
          className={classes.place}
          renderRoot={(props) => <Link {...props} to={to} activeOptions={{ exact: true }} />}
        >
          {t(`nases.places.${name}`)}
        </Anchor>
      ))}
    </Group>
  )
}
