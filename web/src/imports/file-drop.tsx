// Where a file is dropped or chosen.
import { Anchor, Button, FileButton, Group, Stack, Text } from '@mantine/core'
import { IconFileSpreadsheet } from '@tabler/icons-react'
import { useState, type DragEvent } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './imports.module.css'
import { typeOf } from './sample.ts'

const accepted = '.csv,.tsv,.txt,.xlsx,text/csv'

export function FileDrop({ onFile }: { onFile(file: File): void }) {
  const { t } = useTranslation()
  const [isOver, setOver] = useState(false)
  const [isWrong, setWrong] = useState(false)
  const take = (file: File | null | undefined) => {
    if (file == null) return
    setWrong(typeOf(file) === undefined)
    if (typeOf(file) !== undefined) onFile(file)
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    take(event.dataTransfer.files[0])
  }
  return (
    <div
      className={classes.drop}
      data-over={isOver || undefined}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Stack align="center" gap="sm">
        <IconFileSpreadsheet size={36} stroke={1.3} aria-hidden />
        <Text fw={600}>{t('imports.drop')}</Text>
        <FileButton onChange={take} accept={accepted}>
          {(props) => <Button {...props}>{t('imports.choose')}</Button>}
        </FileButton>
        {isWrong && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {t('imports.wrongKind')}
          </Text>
        )}
        <Text size="sm" c="dimmed" maw={520} ta="center">
          {t('imports.dropHint')}
        </Text>
        <Group gap="xs">
          <Text size="sm">{t('imports.template')}</Text>
          {(['csv', 'xlsx'] as const).map((format) => (
            <Anchor key={format} size="sm" href={`/api/v1/imports/template?format=${format}`} download>
              {format.toUpperCase()}
            </Anchor>
          ))}
        </Group>
      </Stack>
    </div>
  )
}
