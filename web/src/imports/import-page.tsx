// Importing, the first half: a file is chosen, its columns are told apart, and it is sent to be checked. What becomes of it has an
// address of its own (run-page.tsx).
import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getImportsColumns } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatOctets } from '../i18n/format.ts'
import { ListPage } from '../list/list-page.tsx'
import { importNewRoute } from '../routes/customers.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useTitle } from '../shell/use-title.ts'
import { ColumnTable } from './column-table.tsx'
import { FileDrop } from './file-drop.tsx'
import classes from './imports.module.css'
import { guess, mappingOf, meaningName, missing, twice, type KnownColumn, type Meanings } from './mapping.ts'
import { OptionFields } from './option-fields.tsx'
import { keepPending, pendingNow, sendFile, type Options } from './pending.ts'
import { sampleOf } from './sample.ts'

export function ImportPage() {
  const { t } = useTranslation()
  useTitle(t('imports.title'))
  const [file, setFile] = useState(pendingNow()?.file)
  const known = useQuery({
    queryKey: ['imports', 'columns'],
    queryFn: async () => (await getImportsColumns({ throwOnError: true })).data.items,
    staleTime: Infinity,
  })
  const choose = (next: File | undefined) => {
    keepPending(undefined)
    setFile(next)
  }
  return (
    <ListPage
      title={t('imports.title')}
      error={known.error}
      tools={
        <Button component={Link} to="/imports" variant="default">
          {t('imports.history')}
        </Button>
      }
    >
      <div className={classes.body}>
        <div className={classes.narrow}>
          {file === undefined ? (
            <FileDrop onFile={choose} />
          ) : (
            known.data && (
              <Reading
                key={`${file.name} ${file.lastModified}`}
                file={file}
                known={known.data}
                onOther={() => choose(undefined)}
              />
            )
          )}
        </div>
      </div>
    </ListPage>
  )
}

type ReadingProps = { file: File; known: readonly KnownColumn[]; onOther(): void }

function Reading({ file, known, onOther }: ReadingProps) {
  const { t } = useTranslation()
  const before = pendingNow()
  const navigate = importNewRoute.useNavigate()
  const sample = useQuery({
    queryKey: ['import-sample', file.name, file.size, file.lastModified],
    queryFn: async () => (await sampleOf(file)) ?? null,
    staleTime: Infinity,
  })
  const [chosen, setChosen] = useState<Meanings | undefined>(before?.meanings)
  const [options, setOptions] = useState<Options>(
    before?.options ?? { mode: 'create', partial: false, mapping: undefined },
  )
  const sending = useRef<AbortController>(undefined)
  const meanings = chosen ?? (sample.data ? guess(sample.data.header, known) : undefined)
  const mapping = sample.data && meanings ? mappingOf(sample.data.header, meanings, known) : undefined
  const check = useAct({
    run: async () => {
      sending.current = new AbortController()
      keepPending({ file, meanings, options })
      return sendFile(file, { ...options, mapping }, { dryRun: true, signal: sending.current.signal })
    },
    touches: [['imports', 'list']],
    isForm: true,
    onDone: ({ id }) => void navigate({ to: '/imports/$id', params: { id: String(id) } }),
  })
  // Whoever leaves meanwhile does not want it any more.
  useEffect(() => () => sending.current?.abort(), [])
  const lacks = meanings ? missing(meanings, options.mode) : []
  const doubled = meanings ? twice(meanings) : []
  return (
    <Stack gap="md">
      <Group gap="sm">
        <Title order={2} size="h5">
          <bdi>{t('imports.file', { name: file.name, size: formatOctets(String(file.size)) })}</bdi>
        </Title>
        <Button size="compact-sm" variant="subtle" onClick={onOther}>
          {t('imports.other')}
        </Button>
      </Group>
      {sample.data === null && <Text size="sm">{t('imports.unreadable')}</Text>}
      {sample.data && meanings && (
        <ColumnTable sample={sample.data} meanings={meanings} known={known} onChange={setChosen} />
      )}
      {lacks.length > 0 && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {t('imports.missing', { names: lacks.map((name) => meaningName(name, t)).join(', ') })}
        </Text>
      )}
      {doubled.map((name) => (
        <Text key={name} size="sm" c="var(--mantine-color-error)" role="alert">
          {t('imports.twice', { name: meaningName(name, t) })}
        </Text>
      ))}
      <OptionFields options={options} onChange={setOptions} />
      <ProblemNote error={check.error} />
      <Group gap="sm">
        <Button
          loading={check.isPending}
          disabled={lacks.length > 0 || doubled.length > 0 || sample.isPending}
          onClick={() => check.mutate(undefined)}
        >
          {t('imports.check')}
        </Button>
        {check.isPending && (
          <>
            <Text size="sm" c="dimmed" role="status">
              {t('imports.sending', { size: formatOctets(String(file.size)) })}
            </Text>
            <Button variant="default" onClick={() => sending.current?.abort()}>
              {t('act.cancel')}
            </Button>
          </>
        )}
      </Group>
    </Stack>
  )
}
