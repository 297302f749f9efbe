// What was decided about live sessions and has not happened yet, and every order there was, with what the NASes said.
import { Button, Group, SegmentedControl, Select, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { useQuery } from '@tanstack/react-query'
import { ListPage } from '../list/list-page.tsx'
import { notEnforcedRoute } from '../routes/network.ts'
import { DisconnectDialog, type Ending } from '../sessions/disconnect-dialog.tsx'
import { useMay } from '../sign-in/me.ts'
import { AllOrders } from './all-orders.tsx'
import { NotEnforcedList } from './not-enforced-list.tsx'
import { OrderDrawer } from './order-drawer.tsx'
import { orderStates, type OrderState } from './words.ts'

const liveMs = 3_000

export function EnforcementPage() {
  const { t } = useTranslation()
  const { show, nas, state, open } = notEnforcedRoute.useSearch()
  const navigate = notEnforcedRoute.useNavigate()
  const [ending, setEnding] = useState<readonly Ending[]>()
  const [total, setTotal] = useState<number>()
  const go = (change: Partial<ReturnType<typeof notEnforcedRoute.useSearch>>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  useLive()
  const isAll = show === 'all'
  return (
    <ListPage
      title={t('nav.notEnforced')}
      status={!isAll && total !== undefined ? t('enforcement.count', { count: total }) : undefined}
      error={null}
      tools={isAll && <OrderFilters nas={nas} state={state} onChange={go} />}
      filters={
        <Group justify="space-between">
          <SegmentedControl
            size="xs"
            aria-label={t('enforcement.which')}
            value={isAll ? 'all' : 'open'}
            onChange={(next) => go({ show: next === 'all' ? 'all' : undefined })}
            data={[
              { value: 'open', label: t('enforcement.open') },
              { value: 'all', label: t('enforcement.all') },
            ]}
          />
          {!isAll && (
            <Text size="xs" c="dimmed">
              {t('enforcement.hint')}
            </Text>
          )}
        </Group>
      }
    >
      {isAll ? (
        <AllOrders nas={nas} state={state} onOpen={(id) => go({ open: id })} />
      ) : (
        <NotEnforcedList onOpen={(id) => go({ open: id })} onEnd={setEnding} onTotal={setTotal} />
      )}
      {open !== undefined && (
        <OrderDrawer id={open} onClose={() => go({ open: undefined })} onEnd={(one) => setEnding([one])} />
      )}
      {ending && <DisconnectDialog sessions={ending} onClose={() => setEnding(undefined)} />}
    </ListPage>
  )
}

type FilterProps = {
  nas: number | undefined
  state: string | undefined
  onChange(change: { nas?: number | undefined; state?: string | undefined }): void
}

function OrderFilters({ nas, state, onChange }: FilterProps) {
  const { t } = useTranslation()
  const may = useMay('nas.read')
  const { data: nases } = useQuery({ ...choicesOf.nas, enabled: may })
  return (
    <>
      <Select
        aria-label={t('enforcement.state')}
        placeholder={t('enforcement.anyState')}
        clearable
        w={180}
        data={orderStates.map((value: OrderState) => ({ value, label: t(`enforcement.states.${value}`) }))}
        value={state ?? null}
        onChange={(value) => onChange({ state: value ?? undefined })}
      />
      {may && (
        <Select
          aria-label={t('sessions.nas')}
          placeholder={t('enforcement.anyNas')}
          clearable
          searchable
          w={180}
          data={nases?.map(({ id, name }) => ({ value: String(id), label: name })) ?? []}
          value={nas === undefined ? null : String(nas)}
          onChange={(value) => onChange({ nas: value === null ? undefined : Number(value) })}
        />
      )}
      {(state !== undefined || nas !== undefined) && (
        <Button variant="subtle" color="gray" onClick={() => onChange({ state: undefined, nas: undefined })}>
          {t('list.clear')}
        </Button>
      )}
    </>
  )
}

function useLive(): void {
  const queries = useQueryClient()
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) void queries.invalidateQueries({ queryKey: ['enforcement'] })
    }, liveMs)
    return () => clearInterval(timer)
  }, [queries])
}
