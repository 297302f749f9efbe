// Recovery codes, shown once: to be copied or kept as a file before one goes on.
import { Button, CopyButton, Group, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import classes from './profile.module.css'

export function RecoveryCodes({ codes, onKept }: { codes: readonly string[]; onKept(): void }) {
  const { t } = useTranslation()
  const text = `${codes.join('\n')}\n`
  return (
    <Stack gap="md">
      <Text size="sm">{t('profile.codesHint')}</Text>
      <ul className={classes.codes}>
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <Group justify="space-between">
        <Group gap="xs">
          <CopyButton value={text}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? t('act.copied') : t('act.copy')}
              </Button>
            )}
          </CopyButton>
          <Button
            variant="default"
            component="a"
            href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`}
            download="gatehouse-recovery-codes.txt"
          >
            {t('profile.file')}
          </Button>
        </Group>
        <Button onClick={onKept}>{t('profile.kept')}</Button>
      </Group>
    </Stack>
  )
}
