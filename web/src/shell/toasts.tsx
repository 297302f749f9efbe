// Where it is said for a moment what was done: at the end of the window, away from the buttons that save; on a phone, whose buttons
// are below, under its head.
import { useDirection } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { usePhone } from '../list/use-phone.ts'
import classes from './shell.module.css'

const most = 3

export function Toasts() {
  const isPhone = usePhone()
  const { dir } = useDirection()
  const atEnd = dir === 'rtl' ? 'bottom-left' : 'bottom-right'
  return <Notifications position={isPhone ? 'top-center' : atEnd} limit={most} classNames={{ root: classes.toasts }} />
}
