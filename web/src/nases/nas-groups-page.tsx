// To be made.
export function NasGroupsPage() {
  return null
}
