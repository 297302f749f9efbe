// One plan: everything it says, changed in place. Before it is saved one sees whom it touches; afterwards there is a way back.
import { Anchor, Badge, Button, Skeleton } from '@mantine/core'
import { IconArchive, IconCopy } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getPlansId, patchPlansId } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { ListPage } from '../list/list-page.tsx'
import { planRoute } from '../routes/offer.ts'
import { useTitle } from '../shell/use-title.ts'
import { useMay, useMe } from '../sign-in/me.ts'
import { ArchiveDialog } from './archive-dialog.tsx'
import { CopyDialog } from './copy-dialog.tsx'
import { PlanFrame } from './plan-frame.tsx'
import { SaveDialog, type Reach } from './save-dialog.tsx'
import { usePlanForm } from './use-plan-form.ts'
import { changesOf, valuesOf, type Plan, type PlanBody } from './values.ts'

type Read = { plan: Plan; version: string }

export function PlanPage() {
  const { id } = planRoute.useParams()
  const { t } = useTranslation()
  const found = useQuery({
    queryKey: ['plan', id],
    queryFn: async ({ signal }): Promise<Read> => {
      const { data, response } = await getPlansId({ path: { id }, signal, throwOnError: true })
      return { plan: data, version: response.headers.get('etag') ?? '' }
    },
    // What somebody types must not be taken from under them.
    refetchOnWindowFocus: false,
  })
  if (found.data === undefined) {
    return (
      <ListPage title={t('nav.plans')} error={found.error}>
        {found.error === null && <Skeleton height={320} m={12} w="auto" />}
      </ListPage>
    )
  }
  return <PlanEditor key={`${id} ${found.data.version}`} {...found.data} />
}

function PlanEditor({ plan, version }: Read) {
  const { t } = useTranslation()
  const navigate = planRoute.useNavigate()
  const mayEdit = useMay('plan.edit')
  const { organisation_kind: kind, organisation_id: organisationId } = useMe()
  const isOurs = kind === 'isp' || plan.owner_id === organisationId
  useTitle(plan.name)
  const canEdit = mayEdit && isOurs && plan.archived_at === null
  const [open, setOpen] = useState<'archive' | 'copy'>()
  const [reach, setReach] = useState<Reach>()
  const before = valuesOf(plan)
  const { ask, save } = useSave({ plan, version, onReach: setReach })
  const form = usePlanForm({
    initial: before,
    error: save.error ?? ask.error,
    isReadOnly: !canEdit,
    currency: plan.currency,
  })
  const changes = changesOf(before, form.values)
  return (
    <>
      <PlanFrame
        title={<bdi>{plan.name}</bdi>}
        status={<Status plan={plan} />}
        tools={
          mayEdit && (
            <>
              <Button
                variant="default"
                leftSection={<IconCopy size={16} aria-hidden />}
                onClick={() => setOpen('copy')}
              >
                {t('plan.copy')}
              </Button>
              {canEdit && (
                <Button
                  variant="default"
                  leftSection={<IconArchive size={16} aria-hidden />}
                  onClick={() => setOpen('archive')}
                >
                  {t('plan.archive')}
                </Button>
              )}
            </>
          )
        }
        form={form}
        planId={plan.id}
        error={save.error ?? ask.error}
        isBusy={ask.isPending || save.isPending}
        isSame={Object.keys(changes).length === 0}
        submit={t('act.save')}
        onSubmit={() => ask.mutate(changes)}
        onCancel={() => void navigate({ to: '/plans' })}
      />
      {reach && (
        <SaveDialog
          reach={reach}
          isBusy={save.isPending}
          error={save.error}
          onClose={() => setReach(undefined)}
          onSave={() => save.mutate(changes)}
        />
      )}
      {open === 'archive' && <ArchiveDialog plan={plan} version={version} onClose={() => setOpen(undefined)} />}
      {open === 'copy' && <CopyDialog plan={plan} onClose={() => setOpen(undefined)} />}
    </>
  )
}

/** What nobody has is saved at once; else it is asked first whom it touches. */
function useSave({ plan, version, onReach }: Read & { onReach(reach: Reach | undefined): void }) {
  const { t } = useTranslation()
  const path = { id: String(plan.id) }
  const old = valuesOf(plan)
  const save = useAct({
    run: async (body: Partial<PlanBody>) =>
      (await patchPlansId({ path, body, headers: { 'If-Match': version }, throwOnError: true })).data,
    touches: [['plans'], ['plan'], ['choices', 'plan']],
    isForm: true,
    done: ({ plan: now, orders }) =>
      orders === 0 ? t('plan.saved', { name: now.name }) : t('plan.savedTold', { name: now.name, count: orders }),
    undo: ({ plan: now }) => {
      const back = changesOf(valuesOf({ ...now, subscribers: plan.subscribers }), old)
      return () => patchPlansId({ path, body: back, throwOnError: true })
    },
    onDone: () => onReach(undefined),
  })
  const ask = useAct({
    run: async (body: Partial<PlanBody>) =>
      (
        await patchPlansId({
          path,
          body,
          query: { dry_run: 'true' },
          headers: { 'If-Match': version },
          throwOnError: true,
        })
      ).data,
    touches: [],
    isForm: true,
    onDone: (reach, body) => {
      save.reset()
      if (reach.subscribers === 0) save.mutate(body)
      else onReach({ ...reach, name: plan.name })
    },
  })
  return { ask, save }
}

function Status({ plan }: { plan: Plan }) {
  const { t } = useTranslation()
  const maySee = useMay('subscriber.read')
  const words = t('plan.subscribers', { count: plan.subscribers })
  return (
    <>
      {plan.archived_at !== null && (
        <Badge variant="light" tt="none" color="gray">
          {t('plan.isArchived')}
        </Badge>
      )}
      {plan.owner !== null && (
        <Badge variant="light" tt="none" color="gray">
          <bdi>{plan.owner}</bdi>
        </Badge>
      )}
      {maySee ? (
        <Anchor
          size="sm"
          renderRoot={(props) => (
            <Link {...props} to="/subscribers" search={{ filter: { plan_id: String(plan.id) } }} />
          )}
        >
          {words}
        </Anchor>
      ) : (
        words
      )}
    </>
  )
}
