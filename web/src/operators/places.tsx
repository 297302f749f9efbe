// The pages about operators, beside each other: those that the person may see.
import { Anchor, Group } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import classes from '../list/places.module.css'
import { useMe } from '../sign-in/me.ts'

const places = [
  { to: '/operators', name: 'operators', permission: 'operator.read' },
  { to: '/operators/roles', name: 'roles', permission: 'operator.read' },
  { to: '/operators/teams', name: 'teams', permission: 'operator.read' },
  { to: '/operators/organisations', name: 'organisations', permission: 'organisation.read' },
  // One's own tokens are everybody's.
  { to: '/operators/tokens', name: 'tokens', permission: undefined },
] as const

export function OperatorPlaces() {
  const { t } = useTranslation()
  const { permissions } = useMe()
  const shown = places.filter(({ permission }) => permission === undefined || permissions.includes(permission))
  return (
    <Group component="nav" gap={4} wrap="nowrap" aria-label={t('operators.places.label')} className={classes.places}>
      {shown.map(({ to, name }) => (
        <Anchor
          key={to}
          component={Link}
          to={to}
          size="sm"
          underline="never"
          activeOptions={{ exact: true, includeSearch: false }}
          className={classes.place}
        >
          {t(`operators.places.${name}`)}
        </Anchor>
      ))}
    </Group>
  )
}
