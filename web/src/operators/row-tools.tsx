// The buttons at the end of a row that change or remove it; they do not open the row.
import { ActionIcon, Group, Tooltip } from '@mantine/core'
import { IconPencil, IconTrash } from '@tabler/icons-react'

type Tool = { label: string; hint?: string; isOff?: boolean; onClick(): void }

export function RowTools({ edit, remove }: { edit: Tool; remove?: Tool }) {
  return (
    <Group
      gap={2}
      wrap="nowrap"
      onClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <ToolButton tool={edit} icon={IconPencil} />
      {remove && <ToolButton tool={remove} icon={IconTrash} />}
    </Group>
  )
}

function ToolButton({ tool, icon: Icon }: { tool: Tool; icon: typeof IconPencil }) {
  const { label, hint = label, isOff = false, onClick } = tool
  return (
    <Tooltip label={hint}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={label}
        aria-disabled={isOff}
        data-disabled={isOff || undefined}
        onClick={() => !isOff && onClick()}
      >
        <Icon size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  )
}
