// How a file is taken: what becomes of usernames that are there already, and of good rows beside bad ones.
import { Group, Radio, Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Options } from './pending.ts'

export function OptionFields({ options, onChange }: { options: Options; onChange(options: Options): void }) {
  const { t } = useTranslation()
  return (
    <Group gap="xl" align="start">
      <Radio.Group
        label={t('imports.mode')}
        value={options.mode}
        onChange={(next) => onChange({ ...options, mode: next })}
      >
        <Stack gap={6} mt={6}>
          {(['create', 'upsert'] as const).map((mode) => (
            <Radio key={mode} value={mode} size="sm" label={t(`imports.modes.${mode}`)} />
          ))}
        </Stack>
      </Radio.Group>
      <Radio.Group
        label={t('imports.partial')}
        value={`${options.partial}`}
        onChange={(next) => onChange({ ...options, partial: next === 'true' })}
      >
        <Stack gap={6} mt={6}>
          {(['false', 'true'] as const).map((partial) => (
            <Radio key={partial} value={partial} size="sm" label={t(`imports.partials.${partial}`)} />
          ))}
        </Stack>
      </Radio.Group>
    </Group>
  )
}
