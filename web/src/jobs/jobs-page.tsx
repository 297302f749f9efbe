// Being made.
export function JobsPage() {
  return null
}
