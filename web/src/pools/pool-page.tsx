// To be made.
export function PoolPage() {
  return null
}
