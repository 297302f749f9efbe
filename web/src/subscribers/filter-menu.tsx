// All filters that there are, found by typing a part of their names; Enter takes one.
import { ActionIcon, Button, Combobox, Tooltip, useCombobox } from '@mantine/core'
import { IconFilter, IconFilterPlus } from '@tabler/icons-react'
import { memo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useMe } from '../sign-in/me.ts'
import { filterGroups, filterKinds, type FilterName } from './filter-kinds.ts'
import classes from './subscribers.module.css'

type Props = { taken: readonly string[]; onChoose(name: FilterName): void }

export function FilterMenu({ taken, onChoose }: Props) {
  const { t } = useTranslation()
  const [wanted, setWanted] = useState('')
  const menu = useCombobox({
    onDropdownClose: () => {
      menu.resetSelectedOption()
      setWanted('')
    },
    onDropdownOpen: () => {
      menu.focusSearchInput()
      menu.selectFirstOption()
    },
  })
  return (
    <Combobox
      store={menu}
      width={260}
      position="bottom-start"
      withArrow
      onOptionSubmit={(name) => {
        menu.closeDropdown()
        onChoose(name as FilterName)
      }}
    >
      <Combobox.Target targetType="button" withAriaAttributes={false}>
        {taken.length === 0 ? (
          <Button
            variant="default"
            size="compact-md"
            leftSection={<IconFilter size={15} aria-hidden />}
            aria-expanded={menu.dropdownOpened}
            onClick={() => menu.toggleDropdown()}
          >
            {t('list.filters')}
          </Button>
        ) : (
          <Tooltip label={t('list.addFilter')}>
            <ActionIcon
              variant="default"
              size="md"
              aria-label={t('list.addFilter')}
              aria-expanded={menu.dropdownOpened}
              onClick={() => menu.toggleDropdown()}
            >
              <IconFilterPlus size={15} aria-hidden />
            </ActionIcon>
          </Tooltip>
        )}
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          value={wanted}
          onChange={(event) => {
            setWanted(event.currentTarget.value)
            menu.updateSelectedOptionIndex()
            queueMicrotask(() => menu.selectFirstOption())
          }}
          placeholder={t('filters.find')}
          aria-label={t('filters.find')}
        />
        <Offered taken={taken.join(' ')} wanted={wanted} />
      </Combobox.Dropdown>
    </Combobox>
  )
}

/** `taken`: names with blanks between them. It is long, and there even while the menu is closed: drawn anew only for another of these. */
const Offered = memo(function Offered({ taken, wanted }: { taken: string; wanted: string }) {
  const { t } = useTranslation()
  const { permissions } = useMe()
  const offered = filterKinds.filter(
    ({ name, kind, permission }) =>
      kind !== 'ids' &&
      !taken.split(' ').includes(name) &&
      (permission === undefined || permissions.includes(permission)) &&
      t(`filters.${name}`).toLocaleLowerCase().includes(wanted.trim().toLocaleLowerCase()),
  )
  return (
    <Combobox.Options className={classes.longMenu} aria-label={t('list.filters')}>
      {filterGroups.map((group) => {
        const those = offered.filter((one) => one.group === group)
        return (
          those.length > 0 && (
            <Combobox.Group key={group} label={t(`filters.groups.${group}`)}>
              {those.map(({ name }) => (
                <Combobox.Option key={name} value={name}>
                  {t(`filters.${name}`)}
                </Combobox.Option>
              ))}
            </Combobox.Group>
          )
        )
      })}
      {offered.length === 0 && <Combobox.Empty>{t('filters.noneFound')}</Combobox.Empty>}
    </Combobox.Options>
  )
})
