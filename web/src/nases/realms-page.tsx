// To be made.
export function RealmsPage() {
  return null
}
