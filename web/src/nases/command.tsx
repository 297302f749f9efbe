// A command to be typed somewhere else, with the button that copies it.
import { Code } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { CopyIcon } from '../shell/copied.tsx'
import classes from './nases.module.css'

export function Command({ text }: { text: string }) {
  const { t } = useTranslation()
  return (
    <div className={classes.command}>
      <Code block dir="ltr">
        {text}
      </Code>
      <CopyIcon label={t('nases.command')} value={text} />
    </div>
  )
}
