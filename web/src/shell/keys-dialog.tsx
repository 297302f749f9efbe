// What the keyboard can do.
import { Group, Kbd, Modal, Stack, Switch, Text, Title } from '@mantine/core'
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import { useSingleKeys } from './keys.ts'
import { usePages } from './pages.ts'
import classes from './shell.module.css'

export function KeysDialog({ opened, onClose }: { opened: boolean; onClose(): void }) {
  const { t } = useTranslation()
  const pages = usePages()
  const [single, setSingle] = useSingleKeys()
  const { ctrl, shift, enter, space, escape } = {
    ctrl: t('keys.ctrl'),
    shift: t('keys.shift'),
    enter: t('keys.enter'),
    space: t('keys.space'),
    escape: t('keys.escape'),
  }
  return (
    <Modal opened={opened} onClose={onClose} title={t('keys.title')} size="lg">
      <Stack gap="lg">
        <Keys
          title={t('keys.everywhere')}
          rows={[
            [[ctrl, 'K'], t('keys.quickOpen')],
            [['/'], t('keys.search')],
            [['N'], t('keys.add')],
            [[ctrl, 'Z'], t('keys.undo')],
            [['?'], t('keys.help')],
            [[escape], t('keys.undoEscape')],
          ]}
        />
        <Keys
          title={t('keys.inLists')}
          rows={[
            [['↑', '↓'], t('keys.move')],
            [['Page ↑', 'Page ↓'], t('keys.page')],
            [[enter], t('keys.openRow')],
            [[shift, space], t('keys.selectRow')],
            [[shift, 'F10'], t('keys.rowMenu')],
          ]}
        />
        <Keys
          title={t('keys.goTo')}
          rows={pages.map(({ key, name }) => [['G', t('keys.next'), key.toUpperCase()], t(`nav.${name}`)])}
        />
        <Switch
          label={t('keys.single')}
          description={t('keys.singleHint')}
          checked={single}
          onChange={(event) => setSingle(event.currentTarget.checked)}
        />
      </Stack>
    </Modal>
  )
}

type KeyRow = readonly [keys: readonly string[], what: string]

function Keys({ title, rows }: { title: string; rows: readonly KeyRow[] }) {
  const { t } = useTranslation()
  const then = t('keys.next')
  return (
    <section>
      <Title order={3} size="h6" mb={4}>
        {title}
      </Title>
      <dl className={classes.keys}>
        {rows.map(([keys, what]) => (
          <Fragment key={what}>
            <dt>
              <Group gap={4} wrap="nowrap">
                {keys.map((key) =>
                  key === then ? (
                    <Text key={key} size="xs" c="dimmed">
                      {key}
                    </Text>
                  ) : (
                    <Kbd key={key}>{key}</Kbd>
                  ),
                )}
              </Group>
            </dt>
            <dd>{what}</dd>
          </Fragment>
        ))}
      </dl>
    </section>
  )
}
