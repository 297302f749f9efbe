// The addresses of a pool, one by one; one that no session has can be freed by hand.
import { Anchor, Badge, Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { TFunction } from 'i18next'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getIpPoolsIdAddresses, postIpPoolsIdRelease } from '../api/generated/sdk.gen.ts'
import type { IpLease, IpPool } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatInstant } from '../i18n/format.ts'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { ListCard } from '../list/list-card.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { Confirm } from '../shell/confirm.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'

type Row = IpLease & { id: number }

const colours = { used: 'green', held: 'orange', static: 'gray', free: 'blue' } as const

export function Leases({ pool, state }: { pool: IpPool; state: IpLease['state'] | undefined }) {
  const { t } = useTranslation()
  const mayEdit = useMay('nas.edit')
  const pages = usePages<IpLease>(['pools', 'leases', pool.id, state], async (cursor, signal) => {
    const query = { limit: '200', ...(state !== undefined && { state }), ...(cursor && { cursor }) }
    const path = { id: String(pool.id) }
    return (await getIpPoolsIdAddresses({ path, query, signal, throwOnError: true })).data
  })
  const { window: _window, ...whole } = pages
  const rows = pages.rows.map((row, at): Row => ({ ...row, id: at + 1 }))
  const [freeing, setFreeing] = useState<IpLease>()
  const { widths, setWidth } = useColumns('leases')
  return (
    <>
      <ProblemNote error={pages.error} />
      <ListTable<Row>
        label={t('pools.addresses')}
        columns={leaseColumns(t, mayEdit ? setFreeing : undefined)}
        pages={{ ...whole, rows }}
        nameOf={({ address }) => address}
        card={(row) => <ListCard title={row.address} note={row.username} end={t(`pools.${row.state}`)} />}
        widths={widths}
        onWidth={setWidth}
        empty={t('list.emptyFiltered')}
      />
      {freeing && <FreeDialog pool={pool} lease={freeing} onClose={() => setFreeing(undefined)} />}
    </>
  )
}

function FreeDialog({ pool, lease, onClose }: { pool: IpPool; lease: IpLease; onClose(): void }) {
  const { t } = useTranslation()
  const { address, username } = lease
  const free = useAct({
    run: () => postIpPoolsIdRelease({ path: { id: String(pool.id) }, body: { address }, throwOnError: true }),
    touches: [['pools']],
    isForm: true,
    done: () => t('pools.freed', { address }),
    onDone: onClose,
  })
  return (
    <Confirm
      title={t('pools.freeTitle', { address })}
      lines={[
        ...(username === null ? [] : [t('pools.freeOf', { name: username })]),
        t('pools.freeHint'),
        t('actions.noUndo'),
      ]}
      submit={t('pools.release')}
      isBusy={free.isPending}
      error={free.error}
      onConfirm={() => free.mutate(undefined)}
      onClose={onClose}
    />
  )
}

function leaseColumns(t: TFunction, onFree: ((lease: IpLease) => void) | undefined): ListColumn<Row>[] {
  return [
    { name: 'address', title: t('pools.address'), width: 210, cell: ({ address }) => <bdi>{address}</bdi> },
    {
      name: 'state',
      title: t('pools.state'),
      width: 120,
      cell: ({ state }) => (
        <Badge variant="light" color={colours[state]} tt="none">
          {t(`pools.${state}`)}
        </Badge>
      ),
    },
    {
      name: 'username',
      title: t('pools.holder'),
      width: 190,
      cell: ({ username, subscriber_id: id, state }) =>
        id !== null &&
        username !== null && (
          <Anchor
            size="sm"
            c={state === 'free' ? 'dimmed' : undefined}
            renderRoot={(props) => <Link {...props} to="/subscribers" search={{ open: id }} />}
          >
            <bdi>{username}</bdi>
          </Anchor>
        ),
    },
    { name: 'line', title: t('pools.line'), width: 200, cell: ({ line }) => <bdi>{line}</bdi> },
    {
      name: 'claimed',
      title: t('pools.claimed'),
      width: 170,
      cell: (row) => row.claimed_at && formatInstant(row.claimed_at),
    },
    { name: 'until', title: t('pools.until'), width: 170, cell: ({ until }) => until && formatInstant(until) },
    {
      name: 'free',
      title: t('list.actions'),
      width: 110,
      cell: (lease) =>
        onFree !== undefined &&
        (lease.state === 'held' || (lease.state === 'free' && lease.subscriber_id !== null)) && (
          <Button size="compact-xs" variant="subtle" onClick={() => onFree(lease)}>
            {t('pools.release')}
          </Button>
        ),
    },
  ]
}
