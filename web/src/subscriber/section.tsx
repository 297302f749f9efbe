// A part of a tab under a heading, which is one deeper in the sheet (whose own title is a heading) than on the page.
import { Group, Title } from '@mantine/core'
import { createContext, useContext, useId, type ReactNode } from 'react'

/** Of the headings within a tab. */
export const HeadingLevel = createContext<2 | 3>(3)

type Props = { title: string; tools?: ReactNode; children: ReactNode }

export function Section({ title, tools, children }: Props) {
  const order = useContext(HeadingLevel)
  const id = useId()
  return (
    <section aria-labelledby={id}>
      <Group justify="space-between" mb={6} mih={26} gap="xs">
        <Title order={order} id={id} size="sm" fw={650}>
          {title}
        </Title>
        {tools}
      </Group>
      {children}
    </section>
  )
}
