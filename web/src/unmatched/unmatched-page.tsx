// To be made.
export function UnmatchedPage() {
  return null
}
