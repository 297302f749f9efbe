// Whether there is only the width of a phone: lists are cards then, and filters stand in a drawer.
import { useMediaQuery } from '@mantine/hooks'

const phone = '(max-width: 40em)'

export function usePhone(): boolean {
  return useMediaQuery(phone, matchMedia(phone).matches, { getInitialValueInEffect: false })
}
