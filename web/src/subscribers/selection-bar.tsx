// Who is selected, and what can be done with them; it lies over the list, so that no row moves.
import { Button, CloseButton, Group, Text, Tooltip } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Selection } from '../list/use-selection.ts'
import type { PanelAction } from './action-list.ts'
import { ActionsMenu } from './actions-menu.tsx'
import classes from './subscribers.module.css'

type Props = { selection: Selection; matching: number | undefined; onChoose(action: PanelAction): void }

export function SelectionBar({ selection, matching, onChoose }: Props) {
  const { t } = useTranslation()
  const { size, isAllMatching } = selection
  if (size === 0 && !isAllMatching) return null
  return (
    <Group className={classes.selection} gap="xs" role="region" aria-label={t('subscribers.selection')}>
      <Text size="sm" role="status">
        {t('list.selected', { count: isAllMatching ? (matching ?? 0) : size })}
      </Text>
      {!isAllMatching && matching !== undefined && size < matching && (
        <Button size="compact-md" variant="subtle" onClick={selection.selectAllMatching}>
          {t('list.selectAllMatching', { count: matching })}
        </Button>
      )}
      <ActionsMenu onChoose={onChoose} />
      <Tooltip label={t('list.unselect')}>
        <CloseButton aria-label={t('list.unselect')} onClick={selection.clear} />
      </Tooltip>
    </Group>
  )
}
