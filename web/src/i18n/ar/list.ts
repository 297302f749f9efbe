// Every list.
import type { list as english } from '../en/list.ts'
import type { Words } from '../words.ts'

export const list: Words<typeof english> = {
  list: {
    search: 'Search',
    columns: 'Columns',
    filters: 'Filters',
    clear: 'Clear',
    empty: 'Nothing here yet.',
    emptyFiltered: 'Nothing matches. Remove a filter, or search for something else.',
    count_one: '{{count, number}} row',
    count_other: '{{count, number}} rows',
    about: 'about {{count, number}} rows',
    selected_one: '{{count, number}} selected',
    selected_other: '{{count, number}} selected',
    selectAllMatching: 'Select all {{count, number}} that match',
    selectRow: 'Select {{name}}',
    selectPage: 'Select all that are shown',
    unselect: 'Select none',
    loading: 'Loading',
    actions: 'Actions',
    addFilter: 'Add a filter',
    removeFilter: 'Remove the filter {{name}}',
    moveUp: 'Move {{name}} forward',
    moveDown: 'Move {{name}} back',
    usualColumns: 'The usual columns',
  },
}
