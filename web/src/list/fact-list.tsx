// What is known of one thing, as pairs of a name and a value; what is not known is left out.
import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './fact-list.module.css'

export function FactList({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className={classes.facts}>
      {facts
        .filter(([, value]) => value != null && value !== '')
        .map(([name, value]) => (
          <div key={name} className={classes.fact}>
            <Text component="dt" size="sm" c="dimmed">
              {name}
            </Text>
            <Text component="dd" size="sm" m={0}>
              <bdi>{value}</bdi>
            </Text>
          </div>
        ))}
    </dl>
  )
}
