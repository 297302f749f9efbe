// Being made.
export function BulkRunsPage() {
  return null
}
