// Arabic, loaded when it is chosen: as en.ts.
import { shell } from './ar/shell.ts'
import { signIn } from './ar/sign-in.ts'
import { list } from './ar/list.ts'
import { subscribers } from './ar/subscribers.ts'
import { subscriberFilters } from './ar/subscriber-filters.ts'

export const ar = {
  ...shell,
  ...signIn,
  ...list,
  ...subscribers,
  ...subscriberFilters,
}
