// One import or check: how far it is, what it found, and what can be done next. Whoever left finds it again here.
import { Badge, Button, Center, Loader } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { getImportsId } from '../api/generated/sdk.gen.ts'
import { ListPage } from '../list/list-page.tsx'
import { importRoute } from '../routes/customers.ts'
import { useTitle } from '../shell/use-title.ts'
import { ErrorList } from './error-list.tsx'
import classes from './imports.module.css'
import { RunFigures } from './run-figures.tsx'
import { RunNext } from './run-next.tsx'
import { isOpen, stateColours, stateWords, type ImportRun } from './run-state.ts'

const lookMs = 500

export function ImportRunPage() {
  const { t } = useTranslation()
  const id = importRoute.useParams({ select: (params) => Number(params.id) })
  const { before } = importRoute.useSearch()
  const { data: run, error } = useQuery({
    queryKey: ['imports', id],
    queryFn: async () => (await getImportsId({ path: { id: String(id) }, throwOnError: true })).data,
    refetchInterval: ({ state }) => (state.data !== undefined && isOpen(state.data) ? lookMs : false),
  })
  useReadAgain(run)
  useTitle(run && t(run.dry_run ? 'imports.checkOf' : 'imports.importOf', { id }))
  if (run === undefined) {
    return error === null ? (
      <Center h="100%">
        <Loader aria-label={t('list.loading')} />
      </Center>
    ) : (
      <ListPage title={t('imports.importOf', { id })} error={error}>
        {null}
      </ListPage>
    )
  }
  return (
    <ListPage
      title={t(run.dry_run ? 'imports.checkOf' : 'imports.importOf', { id })}
      error={error}
      tools={
        <>
          <Badge variant="light" color={stateColours[run.state]} tt="none" role="status">
            {stateWords(run, t)}
          </Badge>
          <Button component={Link} to="/imports" variant="default">
            {t('imports.history')}
          </Button>
        </>
      }
    >
      <div className={classes.run}>
        <div className={classes.summary}>
          <RunFigures run={run} />
          <RunNext key={run.id} run={run} wasBefore={before === true} />
        </div>
        {run.errors > 0 && (
          <div className={classes.errors}>
            <ErrorList run={run} />
          </div>
        )}
      </div>
    </ListPage>
  )
}

/** What was written is in the lists at once. */
function useReadAgain(run: ImportRun | undefined): void {
  const queries = useQueryClient()
  const isWritten = run?.dry_run === false && !isOpen(run)
  useEffect(() => {
    if (!isWritten) return
    for (const key of ['subscribers', 'subscriber', 'groups']) void queries.invalidateQueries({ queryKey: [key] })
  }, [isWritten, queries])
}
