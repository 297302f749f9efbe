// Where one can go: the pages by groups.
import { NavLink, ScrollArea, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { pageGroups, usePages } from './pages.ts'
import classes from './shell.module.css'

export function Navigation({ onChoose }: { onChoose(): void }) {
  const { t } = useTranslation()
  const pages = usePages()
  return (
    <ScrollArea type="hover" scrollbarSize={6} className={classes.pages}>
      {pageGroups.map((group) => {
        const those = pages.filter((page) => page.group === group)
        if (those.length === 0) return null
        return (
          <div key={group} role="group" aria-labelledby={`pages-${group}`} className={classes.group}>
            <Text id={`pages-${group}`} size="xs" c="dimmed" className={classes.groupName}>
              {t(`nav.groupNames.${group}`)}
            </Text>
            {those.map(({ path, name, icon: Icon }) => (
              <NavLink
                key={path}
                component={Link}
                to={path as '/'}
                onClick={onChoose}
                label={t(`nav.${name}`)}
                leftSection={<Icon size={17} stroke={1.6} aria-hidden />}
                className={classes.link}
              />
            ))}
          </div>
        )
      })}
    </ScrollArea>
  )
}
