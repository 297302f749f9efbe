// The list of bulk runs.
export const bulkRuns = {
  bulkRuns: {
    title: 'Bulk runs',
    at: 'Begun',
    author: 'By',
    action: 'Action',
    state: 'State',
    total: 'Subscribers',
    done: 'Done',
    refused: 'Refused',
    failed: 'Failed',
    took: 'Took',
    of: 'Because of',
    retryOf: 'again, of {{id}}',
    undoOf: 'undo of {{id}}',
    anyState: 'Any state',
    onlyOwn: 'Only my own',
    none: 'No bulk run yet. Select subscribers in the list and choose an action.',
  },
}
