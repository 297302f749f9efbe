// To be made.
export function PoolsPage() {
  return null
}
