// The NAS doctor: what it looked at, what it found in plain sentences, and for each what mends it, to be copied.
import { Alert, Badge, Button, Group, List, Loader, Progress, Stack, Text, Title } from '@mantine/core'
import { IconAlertTriangle, IconCheck, IconEyeOff, IconStethoscope, IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatRelative } from '../i18n/format.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { Command } from './command.tsx'
import { readDiagnosis, type Finding, type Severity } from './diagnosis.ts'
import classes from './nases.module.css'
import type { NasDevice } from './use-nases.ts'
import { isOver, useAskRun, useRun, useRuns } from './use-run.ts'

const looks = {
  fault: { colour: 'red', icon: IconX },
  warning: { colour: 'orange', icon: IconAlertTriangle },
  ok: { colour: 'green', icon: IconCheck },
} as const satisfies Record<Severity, unknown>

export function DoctorTab({ nas }: { nas: NasDevice }) {
  const { t } = useTranslation()
  const mayRun = useMay('nas.edit')
  const last = useRuns(nas.name, 'doctor')
  const [begun, setBegun] = useState<number>()
  const run = useRun(begun ?? last.data?.[0]?.id)
  const ask = useAskRun(nas.name, ({ id }) => setBegun(id))
  const isRunning = run.data !== undefined && !isOver(run.data)
  const diagnosis = readDiagnosis(run.data?.result)
  return (
    <Stack gap="md" className={classes.narrow}>
      <Group justify="space-between">
        <Text size="sm" c="dimmed" flex="1 1 300px">
          {t('doctor.hint')}
        </Text>
        {mayRun && (
          <Button
            leftSection={<IconStethoscope size={16} aria-hidden />}
            loading={ask.isPending || isRunning}
            onClick={() => ask.mutate({ kind: 'doctor' })}
          >
            {t('doctor.run')}
          </Button>
        )}
      </Group>
      <ProblemNote error={last.error ?? run.error} />
      {last.isPending && <Loader size="sm" aria-label={t('list.loading')} />}
      {isRunning && <Progress value={100} animated aria-label={t('doctor.running')} />}
      {run.data?.state === 'failed' && <Alert color="red">{run.data.error}</Alert>}
      {last.data?.length === 0 && begun === undefined && <Text size="sm">{t('doctor.never')}</Text>}
      {diagnosis && run.data?.finished_at && (
        <>
          <Group gap="xs" role="status">
            <Badge variant="light" color={looks[diagnosis.severity].colour} tt="none">
              {t(`doctor.severity.${diagnosis.severity}`)}
            </Badge>
            <Text size="sm" c="dimmed">
              {formatRelative(run.data.finished_at, Date.now())} · <bdi>{run.data.author}</bdi>
            </Text>
          </Group>
          {diagnosis.findings
            .filter(({ severity }) => severity !== 'ok')
            .map((finding) => (
              <FindingNote key={`${finding.code} ${finding.sentence}`} finding={finding} />
            ))}
          <List
            size="sm"
            spacing={4}
            center
            icon={
              <IconCheck size={16} color="var(--mantine-color-green-filled)" aria-label={t('doctor.severity.ok')} />
            }
          >
            {diagnosis.findings
              .filter(({ severity }) => severity === 'ok')
              .map(({ code, sentence }) => (
                <List.Item key={`${code} ${sentence}`}>{sentence}</List.Item>
              ))}
          </List>
          {diagnosis.not_seen.length > 0 && (
            <Title order={2} size="h5">
              {t('doctor.notSeen')}
            </Title>
          )}
          {diagnosis.not_seen.map(({ what, why, mend }) => (
            <Alert key={what} variant="light" color="gray" icon={<IconEyeOff size={18} aria-hidden />} title={what}>
              <Text size="sm">{why}</Text>
              {mend !== undefined && <Command text={mend} />}
            </Alert>
          ))}
        </>
      )}
    </Stack>
  )
}

function FindingNote({ finding }: { finding: Finding }) {
  const { t } = useTranslation()
  const { colour, icon: Icon } = looks[finding.severity]
  const evidence = Object.entries(finding.evidence ?? {})
  return (
    <Alert
      variant="light"
      color={colour}
      icon={<Icon size={18} aria-label={t(`doctor.severity.${finding.severity}`)} />}
      title={finding.sentence}
    >
      {finding.mend !== undefined && (
        <>
          <Text size="sm" mb={4}>
            {t('doctor.mend')}
          </Text>
          <Command text={finding.mend} />
        </>
      )}
      {evidence.length > 0 && (
        <Text size="xs" mt={6}>
          {evidence.map(([name, value]) => `${name.replaceAll('_', ' ')}: ${value}`).join(' · ')}
        </Text>
      )}
    </Alert>
  )
}
