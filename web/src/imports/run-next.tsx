// What can be done with an import as it stands: stop it; after a check write it or go back to the columns; afterwards look at what
// was added. The file is in the memory of the page that sent it; elsewhere it is chosen once more.
import { Alert, Button, FileButton, Group, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { postImportsIdStop } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { importRoute } from '../routes/customers.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { fileOfRun, mappingOfRun, sendFile } from './pending.ts'
import { isOpen, type ImportRun } from './run-state.ts'

type Props = { run: ImportRun; wasBefore: boolean }

export function RunNext({ run, wasBefore }: Props) {
  if (isOpen(run)) return <Stop run={run} />
  return run.dry_run ? <AfterCheck run={run} /> : <AfterImport run={run} wasBefore={wasBefore} />
}

function Stop({ run }: { run: ImportRun }) {
  const { t } = useTranslation()
  const stop = useAct({
    run: async () => (await postImportsIdStop({ path: { id: String(run.id) }, throwOnError: true })).data,
    touches: [['imports']],
  })
  return (
    <Button
      mt="sm"
      variant="default"
      loading={stop.isPending || run.state === 'stopping'}
      onClick={() => stop.mutate(undefined)}
    >
      {t('imports.stop')}
    </Button>
  )
}

/** Sends the file to be written. A file that was written before just so is told as what it was then. */
function useWrite(run: ImportRun, again: boolean) {
  const navigate = importRoute.useNavigate()
  return useAct({
    run: ({ file, partial }: { file: File; partial: boolean }) =>
      sendFile(file, { mode: run.mode, partial, mapping: mappingOfRun(run.id) }, { dryRun: false, again }),
    touches: [['imports', 'list']],
    isForm: true,
    onDone: (made) =>
      void navigate({
        to: '/imports/$id',
        params: { id: String(made.id) },
        search: made.finished_at === null ? {} : { before: true },
      }),
  })
}

/** Rows can be written: of the file itself nothing was wrong. */
const hasGoodRows = (run: ImportRun) => run.rows > 0

function AfterCheck({ run }: { run: ImportRun }) {
  const { t } = useTranslation()
  const write = useWrite(run, false)
  const partial = run.partial || run.errors > 0
  const mayWrite = run.state === 'done' || (run.state === 'refused' && hasGoodRows(run))
  const told = run.errors === 0 ? 'checkedGood' : run.partial && hasGoodRows(run) ? 'checkedPartly' : 'checkedBad'
  return (
    <>
      {(run.state === 'done' || run.state === 'refused') && (
        <Text size="sm" fw={600} mt="sm" role="status">
          {t(`imports.${told}`)}
        </Text>
      )}
      {mayWrite && (
        <Text size="sm" mt={4}>
          {t('imports.importHint')}
        </Text>
      )}
      <ProblemNote error={write.error} />
      <Group gap="sm" mt="sm">
        {mayWrite && (
          <WithFile run={run} isBusy={write.isPending} onFile={(file) => write.mutate({ file, partial })}>
            {t(run.errors === 0 ? 'imports.import' : 'imports.importGood')}
          </WithFile>
        )}
        <Button component={Link} to="/subscribers/import" variant="default">
          {t(fileOfRun(run.id) === undefined ? 'imports.anew' : 'imports.changeOptions')}
        </Button>
      </Group>
    </>
  )
}

type WithFileProps = { run: ImportRun; isBusy: boolean; onFile(file: File): void; children: string }

/** With the file that was sent before; where it is not at hand any more, with the same one chosen again. */
function WithFile({ run, isBusy, onFile, children }: WithFileProps) {
  const { t } = useTranslation()
  const [isOther, setOther] = useState(false)
  const file = fileOfRun(run.id)
  if (file !== undefined) {
    return (
      <Button loading={isBusy} onClick={() => onFile(file)}>
        {children}
      </Button>
    )
  }
  const take = (chosen: File | null) => {
    if (chosen === null) return
    const isSame = String(chosen.size) === run.octets
    setOther(!isSame)
    if (isSame) onFile(chosen)
  }
  return (
    <div>
      <FileButton onChange={take}>
        {(props) => (
          <Button {...props} loading={isBusy}>
            {t('imports.chooseAgain')}
          </Button>
        )}
      </FileButton>
      <Text size="xs" c="dimmed" mt={4} role="status">
        {t(isOther ? 'imports.otherFile' : 'imports.chooseAgainHint')}
      </Text>
    </div>
  )
}

function AfterImport({ run, wasBefore }: Props) {
  const { t } = useTranslation()
  const instant = useInstant()
  const write = useWrite(run, true)
  const told =
    run.state === 'refused'
      ? 'wasRefused'
      : run.state === 'stopped'
        ? 'wasStopped'
        : run.errors > 0
          ? 'wasPartly'
          : undefined
  return (
    <>
      {told && (
        <Text size="sm" fw={600} mt="sm" role="status">
          {t(`imports.${told}`)}
        </Text>
      )}
      {wasBefore && (
        <Alert color="orange" variant="light" mt="sm" role="status" title={t('imports.before')}>
          {t('imports.beforeHint', { at: instant(run.created_at) })}
          <Group mt="xs">
            <WithFile
              run={run}
              isBusy={write.isPending}
              onFile={(file) => write.mutate({ file, partial: run.partial })}
            >
              {t('imports.again')}
            </WithFile>
          </Group>
        </Alert>
      )}
      <ProblemNote error={write.error} />
      <Group gap="sm" mt="sm">
        {run.created > 0 && run.started_at !== null && (
          <Button
            renderRoot={(props) => (
              <Link to="/subscribers" search={{ filter: addedBy(run.started_at!, run.finished_at) }} {...props} />
            )}
          >
            {t('imports.showNew')}
          </Button>
        )}
        <Button component={Link} to="/subscribers/import" variant="default">
          {t('imports.anew')}
        </Button>
      </Group>
    </>
  )
}

/** The filter of the list under which what it added is found. */
function addedBy(from: string, to: string | null): Record<string, string> {
  return { created_from: from, ...(to !== null && { created_to: to }) }
}
