// Groups of subscribers.
export const groups = {
  groups: {
    name: 'Name',
    owner: 'Owner',
    subscribers: 'Subscribers',
    count_one: '{{count, number}} group',
    count_other: '{{count, number}} groups',
    add: 'Add group',
    addTitle: 'Add a group',
    added: 'The group {{name}} is added',
    rename: 'Rename',
    renameOf: 'Rename {{name}}',
    renamed: '{{before}} is now called {{name}}',
    delete: 'Delete',
    deleteOf: 'Delete {{name}}',
    deleted: 'The group {{name}} is deleted',
    show: 'Show subscribers',
    openOf: 'Subscribers of {{name}}',
    search: 'Find a group',
    empty: 'No groups yet. A group holds subscribers that belong together, such as a street or a campaign.',
    full: 'Somebody is in {{name}}',
    fullHint_one:
      '{{count, number}} subscriber is in this group. Only an empty group can be deleted: take it out first.',
    fullHint_other:
      '{{count, number}} subscribers are in this group. Only an empty group can be deleted: take them out first.',
    nameRule: '2 to 50 characters.',
  },
}
