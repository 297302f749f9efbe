// The frame and what every page says.
import type { shell as english } from '../en/shell.ts'
import type { Words } from '../words.ts'

export const shell: Words<typeof english> = {
  name: 'Gatehouse',
  skip: 'Skip to the content',
  nav: {
    label: 'Pages',
    dashboard: 'Dashboard',
    subscribers: 'Subscribers',
    online: 'Online now',
    unmatched: 'Unmatched',
    nases: 'NASes',
    notEnforced: 'Not yet enforced',
    plans: 'Plans',
    groups: 'Groups',
    pools: 'Pools',
    money: 'Money',
    jobs: 'Jobs',
    audit: 'Audit',
    operators: 'Operators',
    settings: 'Settings',
    reports: 'التقارير',
    bulkRuns: 'العمليات الجماعية',
  },
  account: {
    menu: 'Your account',
    signOut: 'Sign out',
    language: 'Language',
    appearance: 'Appearance',
    light: 'Light',
    dark: 'Dark',
    auto: 'As the system',
  },
  proof: {
    title: 'Is it you?',
    hint: 'This is grave. Give your password or a code once more; it counts for five minutes.',
    submit: 'Go on',
  },
  act: {
    undo: 'Undo',
    cancel: 'Cancel',
    save: 'Save',
    close: 'Close',
    more: 'More',
    remove: 'Remove',
    edit: 'Change',
  },
  problem: {
    title: 'That did not work',
    noAnswer: 'Gatehouse does not answer. What you typed is kept; try again.',
    again: 'Try again',
    reference: 'Reference for support: {{id}}',
    notFound: 'There is no such page.',
  },
}
