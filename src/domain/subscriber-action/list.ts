// Every action that can be taken on subscribers, alone or in bulk: the API, the bulk worker and the panel know them
// from this list only.
import type { SubscriberAction } from './action.ts'
import { releaseAddress, setAddress } from './address.ts'
import { deleteSubscriber, restore } from './archive.ts'
import { rebindInterface } from './binding.ts'
import { block, unblock } from './block.ts'
import { changePayer } from './change-payer.ts'
import { changePlan } from './change-plan.ts'
import { disconnect } from './disconnect.ts'
import { disable, enable } from './enabled.ts'
import { grace } from './grace.ts'
import { addToGroup, removeFromGroup } from './group.ts'
import { bindMac, releaseMac } from './mac.ts'
import { changeOwner } from './owner.ts'
import { resetPassword } from './password.ts'
import { purge } from './purge.ts'
import { activate, renew } from './renew.ts'
import { revertRenewal } from './revert-renewal.ts'
import { setZone } from './zone.ts'

/** The actions, in the order in which they are offered. */
export const subscriberActions: readonly SubscriberAction[] = [
  enable,
  disable,
  block,
  unblock,
  disconnect,
  activate,
  renew,
  grace,
  revertRenewal,
  changePlan,
  changePayer,
  addToGroup,
  removeFromGroup,
  setZone,
  changeOwner,
  bindMac,
  releaseMac,
  setAddress,
  releaseAddress,
  rebindInterface,
  resetPassword,
  deleteSubscriber,
  restore,
  purge,
]

/** The action of this name. */
export function findAction(name: string): SubscriberAction | undefined {
  return subscriberActions.find((action) => action.name === name)
}
