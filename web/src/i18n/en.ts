// English: the catalogue that all others follow, a file a room. Plurals by the rules of each language (`_one`, `_other`, …).
// Here is what the frame and the list of subscribers say; en-more.ts is what all other pages say.
import { shell } from './en/shell.ts'
import { signIn } from './en/sign-in.ts'
import { list } from './en/list.ts'
import { subscribers } from './en/subscribers.ts'
import { subscriberFilters } from './en/subscriber-filters.ts'

export const en = {
  ...shell,
  ...signIn,
  ...list,
  ...subscribers,
  ...subscriberFilters,
}
