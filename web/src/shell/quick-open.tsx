// Ctrl-K: whatever there is by its name, with the keyboard alone. A combobox with a list of options by groups (ARIA 1.2).
import { Kbd, Loader, Modal, Text } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useEffect, useEffectEvent, useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './quick-open.module.css'
import { itemGroups, useQuickItems, type QuickItem } from './quick-items.ts'

type Props = { opened: boolean; onClose(): void; onKeys(): void }

export function QuickOpen({ opened, onClose, onKeys }: Props) {
  const { t } = useTranslation()
  return (
    <Modal.Root opened={opened} onClose={onClose} size={600} yOffset="10vh">
      <Modal.Overlay />
      <Modal.Content aria-label={t('quick.title')}>
        <Finder onClose={onClose} onKeys={onKeys} />
      </Modal.Content>
    </Modal.Root>
  )
}

function Finder({ onClose, onKeys }: Omit<Props, 'opened'>) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const [activeId, setActiveId] = useState<string>()
  const [isHasty, setIsHasty] = useState(false)
  const { items, isFound } = useQuickItems(typed, onKeys)
  const active = items.find(({ id }) => id === activeId) ?? items[0]
  const choose = (item: QuickItem): void => {
    onClose()
    item.run()
  }
  // Who types a name and Enter at once means what is found by it.
  const chooseFound = useEffectEvent(() => {
    setIsHasty(false)
    if (items[0] !== undefined) choose(items[0])
  })
  useEffect(() => {
    if (isHasty && isFound) chooseFound()
  }, [isHasty, isFound])

  const press = (event: KeyboardEvent) => {
    const at = active === undefined ? -1 : items.indexOf(active)
    const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1 }
    const next = to[event.key]
    if (next !== undefined) setActiveId(items.at(next % Math.max(1, items.length))?.id)
    else if (event.key !== 'Enter' || event.nativeEvent.isComposing) return
    else if (active === undefined || (activeId === undefined && !isFound)) setIsHasty(!isFound)
    else choose(active)
    event.preventDefault()
  }

  return (
    <>
      <div className={classes.box}>
        <IconSearch size={18} aria-hidden />
        <input
          className={classes.input}
          role="combobox"
          aria-expanded
          aria-controls="quick-results"
          aria-activedescendant={active && optionId(active)}
          aria-autocomplete="list"
          aria-label={t('quick.hint')}
          placeholder={t('quick.hint')}
          autoComplete="off"
          spellCheck={false}
          value={typed}
          data-autofocus
          onKeyDown={press}
          onChange={(event) => {
            setTyped(event.currentTarget.value)
            setActiveId(undefined)
            setIsHasty(false)
          }}
        />
        {!isFound && <Loader size={16} aria-label={t('quick.searching')} />}
      </div>
      <Results items={items} active={active} onActive={setActiveId} onChoose={choose} />
      {items.length === 0 && isFound && (
        <Text size="sm" c="dimmed" p="md" ta="center">
          {t('quick.nothing')}
        </Text>
      )}
      <span role="status" className="visually-hidden">
        {isFound && typed !== '' && t('quick.count', { count: items.length })}
      </span>
      <Hints />
    </>
  )
}

const optionId = ({ id }: QuickItem): string => `quick-${id.replaceAll('/', '')}`

type ResultsProps = {
  items: readonly QuickItem[]
  active: QuickItem | undefined
  onActive(id: string): void
  onChoose(item: QuickItem): void
}

function Results({ items, active, onActive, onChoose }: ResultsProps) {
  const { t } = useTranslation()
  const activeOption = active && optionId(active)
  useEffect(() => {
    if (activeOption !== undefined) document.querySelector(`#${activeOption}`)?.scrollIntoView({ block: 'nearest' })
  }, [activeOption])
  return (
    <div id="quick-results" role="listbox" aria-label={t('quick.results')} className={classes.results}>
      {itemGroups.map((group) => {
        const those = items.filter((item) => item.group === group)
        if (those.length === 0) return null
        return (
          <div key={group} role="group" aria-labelledby={`quick-group-${group}`}>
            <Text id={`quick-group-${group}`} role="presentation" size="xs" c="dimmed" className={classes.group}>
              {t(`quick.${group}`)}
            </Text>
            {those.map((item) => (
              // The keyboard is the input's: an option itself has no focus.
              // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
              <div
                key={item.id}
                id={optionId(item)}
                role="option"
                aria-selected={item === active}
                className={classes.option}
                onPointerMove={() => onActive(item.id)}
                onClick={() => onChoose(item)}
              >
                <item.icon size={17} stroke={1.6} aria-hidden />
                <bdi className={classes.label}>{item.label}</bdi>
                {item.hint !== undefined && item.hint !== '' && <bdi className={classes.hint}>{item.hint}</bdi>}
              </div>
            ))}
          </div>
        )
      })}
    </div>
  )
}

function Hints() {
  const { t } = useTranslation()
  const hints = [
    { keys: ['↑', '↓'], what: t('quick.move') },
    { keys: [t('keys.enter')], what: t('quick.choose') },
    { keys: [t('keys.escape')], what: t('quick.leave') },
  ]
  return (
    <div className={classes.foot} aria-hidden>
      {hints.map(({ keys, what }) => (
        <Text key={what} size="xs" c="dimmed" component="span">
          {keys.map((key) => (
            <Kbd key={key} size="xs" me={4}>
              {key}
            </Kbd>
          ))}
          {what}
        </Text>
      ))}
    </div>
  )
}
