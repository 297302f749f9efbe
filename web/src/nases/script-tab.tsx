// The configuration that points a NAS at us, to copy. The API never tells the secret: whoever has it at hand may put it in here,
// where it goes nowhere but into the text on the screen.
import { Alert, Button, Code, CopyButton, Group, Loader, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconCheck, IconCopy, IconDownload } from '@tabler/icons-react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { getNasesNameScript } from '../api/generated/sdk.gen.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import classes from './nases.module.css'
import type { NasDevice } from './use-nases.ts'

const placeholder = 'SECRET-NOT-SHOWN'
const typingMs = 400

export function ScriptTab({ nas }: { nas: NasDevice }) {
  const { t } = useTranslation()
  const [server, setServer] = useState('')
  const [source, setSource] = useState('')
  const [secret, setSecret] = useState('')
  const [asked] = useDebouncedValue(JSON.stringify({ server: server.trim(), source: source.trim() }), typingMs)
  const { data, error } = useQuery({
    queryKey: ['nases', 'script', nas.name, asked],
    queryFn: async ({ signal }) => {
      const typed = JSON.parse(asked) as { server: string; source: string }
      const query = {
        ...(typed.server !== '' && { server: typed.server }),
        ...(typed.source !== '' && { source_address: typed.source }),
      }
      return (await getNasesNameScript({ path: { name: nas.name }, query, signal, throwOnError: true })).data
    },
    placeholderData: keepPreviousData,
  })
  const fields = error instanceof ApiError ? error.fields : {}
  const text = data?.text == null ? undefined : withSecret(data.text, secret)
  return (
    <Stack gap="md" className={classes.narrow}>
      <Text size="sm">{t('script.hint')}</Text>
      <div className={`${classes.fields} ${classes.level}`}>
        <TextInput
          label={t('script.server')}
          description={t('script.serverHint')}
          placeholder={data?.servers.join(',')}
          dir="ltr"
          value={server}
          error={fields['server']}
          onChange={(event) => setServer(event.currentTarget.value)}
        />
        <TextInput
          label={t('script.source')}
          description={t('script.sourceHint')}
          dir="ltr"
          value={source}
          error={fields['source_address']}
          onChange={(event) => setSource(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('nases.secret')}
          description={t('script.secretHint')}
          autoComplete="off"
          dir="ltr"
          value={secret}
          onChange={(event) => setSecret(event.currentTarget.value)}
        />
      </div>
      {error !== null && Object.keys(fields).length === 0 && <ProblemNote error={error} />}
      {data === undefined && error === null && <Loader size="sm" aria-label={t('list.loading')} />}
      {data?.reason != null && (
        <Alert variant="light" color="gray">
          {data.reason}
        </Alert>
      )}
      {text !== undefined && <Script name={nas.name} vendor={nas.vendor} text={text} hasSecret={secret !== ''} />}
    </Stack>
  )
}

/** As both languages can hold it; what cannot stand there as it is stays a placeholder. */
function withSecret(text: string, secret: string): string {
  return /^[A-Za-z0-9 ._:/@+=-]+$/.test(secret) && secret.trim() === secret
    ? text.replaceAll(placeholder, secret)
    : text
}

type ScriptProps = { name: string; vendor: string; text: string; hasSecret: boolean }

function Script({ name, vendor, text, hasSecret }: ScriptProps) {
  const { t } = useTranslation()
  const isMissing = text.includes(placeholder)
  const file = `${name.replaceAll(/[^\w.-]/g, '_')}.${vendor === 'mikrotik' ? 'rsc' : 'conf'}`
  return (
    <>
      {isMissing && (
        <Alert variant="light" color="yellow">
          {t(hasSecret ? 'script.secretOdd' : 'script.secretMissing', { placeholder })}
        </Alert>
      )}
      <Group gap="xs">
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button
              leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
              color={copied ? 'green' : undefined}
              onClick={copy}
            >
              {t(copied ? 'script.copied' : 'script.copy')}
            </Button>
          )}
        </CopyButton>
        <Button
          component="a"
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`}
          download={file}
        >
          {t('script.download')}
        </Button>
      </Group>
      <Code block tabIndex={0} dir="ltr" className={classes.script} role="region" aria-label={t('nases.tabs.script')}>
        {text}
      </Code>
    </>
  )
}
