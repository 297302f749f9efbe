// The parts of what is known of one subscriber, as the address names them, and what a person needs to see each.

export const subscriberTabs = [
  'overview',
  'why',
  'usage',
  'timeline',
  'sessions',
  'lines',
  'money',
  'comments',
  'changes',
] as const
export type SubscriberTab = (typeof subscriberTabs)[number]

const needs: Partial<Record<SubscriberTab, string>> = { why: 'log.read', money: 'money.read', changes: 'audit.read' }

export function tabsFor(permissions: readonly string[]): readonly SubscriberTab[] {
  return subscriberTabs.filter((tab) => {
    const permission = needs[tab]
    return permission === undefined || permissions.includes(permission)
  })
}

export function isSubscriberTab(text: string): text is SubscriberTab {
  return (subscriberTabs as readonly string[]).includes(text)
}
