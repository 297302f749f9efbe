// What the NASes are being told about this subscriber, as it comes: sent, acknowledged, proved. Shown while it is under way and a
// little after.
import { Anchor, Badge, Loader, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { getCoaOrders } from '../api/generated/sdk.gen.ts'
import type { CoaOrder } from '../api/generated/types.gen.ts'
import { orderColours } from '../enforcement/words.ts'
import { formatSpan } from '../i18n/format.ts'
import classes from './subscriber.module.css'

const askMs = 1_000
const calmMs = 15_000
const shownMs = 120_000
const mostShown = 3

export function RecentOrders({ id }: { id: number }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const { data = [] } = useQuery({
    queryKey: ['subscriber', id, 'orders'],
    queryFn: async ({ signal }) => {
      const query = { subscriber_id: String(id), limit: String(mostShown) }
      return (await getCoaOrders({ query, signal, throwOnError: true })).data.items
    },
    refetchInterval: ({ state }) => (state.data?.some(isUnderWay) === true ? askMs : calmMs),
  })
  // What has happened on the network is seen in the session too.
  const states = data.map((order) => `${order.id} ${order.state}`).join()
  const readAgain = useEffectEvent(() => void queries.invalidateQueries({ queryKey: ['subscriber', id], exact: true }))
  const isFirst = useRef(true)
  useEffect(() => {
    if (isFirst.current) isFirst.current = states === ''
    else readAgain()
  }, [states])
  const shown = data.filter((order) => isUnderWay(order) || Date.now() - Date.parse(order.finished_at!) < shownMs)
  if (shown.length === 0) return null
  return (
    <Stack gap={4} role="status" aria-label={t('subscriber.orders.title')}>
      {shown.map((order) => (
        <Order key={order.id} order={order} />
      ))}
    </Stack>
  )
}

function isUnderWay({ finished_at: at }: CoaOrder): boolean {
  return at === null
}

function Order({ order }: { order: CoaOrder }) {
  const { t } = useTranslation()
  const { id, wish, state, evidence, attempts, round_trip_ms: trip, nas, detail } = order
  const isOpen = isUnderWay(order)
  const said = [
    !isOpen && evidence !== null && `${t('enforcement.evidence')}: ${t(`enforcement.proofs.${evidence}`)}`,
    !isOpen && trip !== null && formatSpan(trip),
    evidence === null && attempts > 1 && t('subscriber.orders.attempts', { count: attempts }),
    evidence === null && detail,
  ].filter((part) => typeof part === 'string')
  return (
    <div className={classes.order}>
      {isOpen && <Loader size={14} aria-hidden />}
      <Anchor
        size="sm"
        renderRoot={(props) => <Link {...props} to="/not-enforced" search={{ show: 'all', open: id }} />}
      >
        {t(`enforcement.wishes.${wish}`)}
      </Anchor>
      <bdi>{nas}</bdi>
      <Badge variant="light" color={orderColours[state]} tt="none">
        {t(`enforcement.states.${state}`)}
      </Badge>
      <Text span size="sm" c="dimmed">
        {said.join(' · ') || t(`enforcement.means.${state}`)}
      </Text>
    </div>
  )
}
