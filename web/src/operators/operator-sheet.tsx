// One operator beside the list: what is known, where it is signed in, and what can be done.
import { Button, Drawer, Group, Menu, Skeleton, Stack, Title } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { getOperatorsId } from '../api/generated/sdk.gen.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { FactList } from '../list/fact-list.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { OperatorState, phoneOf, type OperatorRow } from './operator-columns.tsx'
import { OperatorItems } from './operator-menu.tsx'
import { OperatorSessions } from './operator-sessions.tsx'
import { useRoleName } from './operator-words.ts'
import type { AskedName } from './use-operator-acts.ts'

type Props = {
  id: number
  onClose(): void
  onEdit(id: number): void
  onAsk(operator: OperatorRow, asked: AskedName): void
}

export function OperatorSheet({ id, onClose, onEdit, onAsk }: Props) {
  const { t } = useTranslation()
  const { data, error } = useQuery({
    queryKey: ['operators', 'one', id],
    queryFn: async () => (await getOperatorsId({ path: { id: String(id) }, throwOnError: true })).data,
  })
  return (
    <Drawer opened onClose={onClose} position="right" size="md" title={data && <bdi>{data.name}</bdi>}>
      <ProblemNote error={error} />
      {data === undefined && error === null && <Skeleton height={220} />}
      {data && (
        <Stack gap="md">
          <Group justify="space-between">
            <OperatorState operator={data} />
            <Menu position="bottom-end" width={240}>
              <Menu.Target>
                <Button variant="default" rightSection={<IconChevronDown size={16} aria-hidden />}>
                  {t('operators.menu')}
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <OperatorItems operator={data} onEdit={() => onEdit(id)} onAsk={(asked) => onAsk(data, asked)} />
              </Menu.Dropdown>
            </Menu>
          </Group>
          <Facts operator={data} />
          <div>
            <Title order={3} size="h6" mb="xs">
              {t('operators.sheet.sessions')}
            </Title>
            <OperatorSessions operatorId={id} />
          </div>
        </Stack>
      )}
    </Drawer>
  )
}

function Facts({ operator }: { operator: OperatorRow }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const roleName = useRoleName()
  const seesTokens = useMay('token.edit')
  return (
    <FactList
      facts={[
        [t('operators.email'), operator.email],
        [t('operators.phone'), phoneOf(operator)],
        [t('operators.role'), roleName(operator.role)],
        [t('operators.organisation'), operator.organisation],
        [t('operators.team'), operator.team],
        [t('operators.secondFactor'), t(operator.second_factor ? 'operators.yes' : 'operators.no')],
        [t('operators.mustChange'), operator.must_change_password ? t('operators.yes') : null],
        [
          t('operators.lastLogin'),
          operator.last_login_at === null ? t('operators.never') : instant(operator.last_login_at),
        ],
        [t('operators.tokens'), seesTokens ? String(operator.api_tokens) : null],
        [t('operators.created'), instant(operator.created_at)],
        [t('operators.createdBy'), operator.created_by],
      ]}
    />
  )
}
