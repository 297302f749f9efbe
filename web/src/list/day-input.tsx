// One calendar day of a period; what is typed counts once it is a day.
import { TextInput } from '@mantine/core'
import { useState } from 'react'

const firstDay = '2000-01-01'

type Props = { label: string; value: string | undefined; onChange(day: string | undefined): void }

export function DayInput({ label, value, onChange }: Props) {
  // While a date is typed it is none, or one of the first century, for a moment.
  const [typed, setTyped] = useState(value ?? '')
  const [known, setKnown] = useState(value)
  if (known !== value) {
    setKnown(value)
    setTyped(value ?? '')
  }
  return (
    <TextInput
      size="xs"
      type="date"
      w={{ base: 'calc(50% - 5px)', sm: 140 }}
      min={firstDay}
      label={label}
      value={typed}
      onChange={({ currentTarget }) => {
        setTyped(currentTarget.value)
        if (currentTarget.validity.valid) onChange(currentTarget.value || undefined)
      }}
    />
  )
}
