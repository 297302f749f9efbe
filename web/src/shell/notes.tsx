// What stands above every page while it holds: that the line is down, and that one looks through another operator's eyes.
import { Button, Text } from '@mantine/core'
import { IconEye, IconPlugConnectedX } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useIsLineDown } from '../live/line.ts'
import type { Me } from '../sign-in/me.ts'
import { useSignOut } from '../sign-in/use-sign-out.ts'
import classes from './shell.module.css'

export function LineNote() {
  const { t } = useTranslation()
  const isDown = useIsLineDown()
  // The region is always there: what appears together with its words is not read out by every reader.
  return (
    <div role="status">
      {isDown && (
        <div className={classes.note} data-tone="alarm">
          <IconPlugConnectedX size={18} aria-hidden />
          <Text size="sm">{t('line.down')}</Text>
        </div>
      )}
    </div>
  )
}

export function ViewingNote({ me }: { me: Me }) {
  const { t } = useTranslation()
  const end = useSignOut()
  if (me.viewed_by === null) return null
  return (
    <div className={classes.note} data-tone="viewing">
      <IconEye size={18} aria-hidden />
      <Text size="sm">{t('viewing.as', { name: me.name })}</Text>
      <Button size="compact-sm" variant="white" color="dark" loading={end.isPending} onClick={() => end.mutate()}>
        {t('viewing.end')}
      </Button>
    </div>
  )
}
