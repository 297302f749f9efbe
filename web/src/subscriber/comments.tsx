// What the staff notes about a subscriber: by whom and when, newest first. One's own that was removed by a slip is written again.
import { Button, Group, Skeleton, Stack, Text, Textarea } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import {
  deleteSubscribersIdCommentsCommentId,
  getSubscribersIdComments,
  postSubscribersIdComments,
} from '../api/generated/sdk.gen.ts'
import type { GetSubscribersIdCommentsResponse } from '../api/generated/types.gen.ts'
import { ApiError } from '../api/client.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { formatRelative } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { AgainButton } from '../list/again-button.tsx'
import { usePages } from '../list/use-pages.ts'
import { Confirm } from '../shell/confirm.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay, useMe } from '../sign-in/me.ts'
import { MoreButton } from './more-button.tsx'
import classes from './subscriber.module.css'

type Comment = GetSubscribersIdCommentsResponse['items'][number]

const longest = 4_000

export function Comments({ id }: { id: number }) {
  const { t } = useTranslation()
  const may = useMay('subscriber.edit')
  const pages = usePages(['subscriber', id, 'comments'], async (cursor, signal) => {
    const query = { limit: '30', ...(cursor && { cursor }) }
    return (await getSubscribersIdComments({ path: { id: String(id) }, query, signal, throwOnError: true })).data
  })
  return (
    <Stack gap="sm">
      {may && <Add id={id} />}
      <ProblemNote error={pages.error} />
      {pages.error !== null && <AgainButton onAgain={pages.again} />}
      {pages.isLoading && <Skeleton height={80} />}
      {!pages.isLoading && pages.rows.length === 0 && pages.error === null && (
        <Text size="sm">{t('subscriber.remarks.none')}</Text>
      )}
      <ul className={classes.rows}>
        {pages.rows.map((comment) => (
          <Remark key={comment.id} subscriberId={id} comment={comment} may={may} />
        ))}
      </ul>
      <MoreButton pages={pages} />
    </Stack>
  )
}

function Add({ id }: { id: number }) {
  const { t } = useTranslation()
  const add = useAct({
    run: (comment: string) => write(id, comment),
    touches: [['subscriber', id], ['subscribers']],
    isForm: true,
    onDone: () => set({ comment: '' }),
  })
  const { values, set, field, errorOf } = useFields({ comment: '' }, add.error)
  const isTooLong = [...values.comment.trim()].length > longest
  const isReady = values.comment.trim() !== '' && !isTooLong
  const send = (event?: FormEvent) => {
    event?.preventDefault()
    if (isReady && !add.isPending) add.mutate(values.comment.trim())
  }
  return (
    <form onSubmit={send}>
      <Textarea
        label={t('subscriber.remarks.new')}
        description={t('subscriber.remarks.keys')}
        autosize
        minRows={2}
        maxRows={10}
        {...field('comment')}
        error={errorOf('comment') ?? (isTooLong ? t('subscriber.remarks.tooLong', { count: longest }) : undefined)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send()
        }}
      />
      <ProblemNote error={add.error instanceof ApiError && add.error.isOfFields ? null : add.error} />
      <Group justify="flex-end" mt="xs">
        <Button type="submit" size="compact-md" loading={add.isPending} disabled={!isReady}>
          {t('subscriber.remarks.add')}
        </Button>
      </Group>
    </form>
  )
}

async function write(id: number, comment: string): Promise<Comment> {
  return (await postSubscribersIdComments({ path: { id: String(id) }, body: { comment }, throwOnError: true })).data
}

function Remark({ subscriberId, comment, may }: { subscriberId: number; comment: Comment; may: boolean }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { email } = useMe()
  const { id, text, author, created_at: at } = comment
  const [isAsking, setAsking] = useState(false)
  const isOwn = author === email
  const remove = useAct({
    run: () =>
      deleteSubscribersIdCommentsCommentId({
        path: { id: String(subscriberId), comment_id: String(id) },
        throwOnError: true,
      }),
    touches: [['subscriber', subscriberId], ['subscribers']],
    isForm: !isOwn,
    done: () => t('subscriber.remarks.removed'),
    // Written again it is by whoever writes it: another's has no way back.
    undo: () => (isOwn ? () => write(subscriberId, text) : undefined),
    onDone: () => setAsking(false),
  })
  return (
    <li className={classes.row}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="xs" c="dimmed">
          <bdi>{author}</bdi> ·{' '}
          <time dateTime={at}>
            {instant(at)} ({formatRelative(at, Date.now())})
          </time>
        </Text>
        {may && (
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            loading={remove.isPending}
            onClick={() => (isOwn ? remove.mutate(undefined) : setAsking(true))}
          >
            {t('act.remove')}
          </Button>
        )}
      </Group>
      <Text size="sm" className={classes.remark} dir="auto">
        {text}
      </Text>
      {isAsking && (
        <Confirm
          title={t('subscriber.remarks.remove')}
          lines={[t('subscriber.remarks.ofAnother', { name: author }), t('actions.noUndo')]}
          submit={t('act.remove')}
          isBusy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(undefined)}
          onClose={() => setAsking(false)}
        />
      )}
    </li>
  )
}
