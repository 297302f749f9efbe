// To be made.
export function NasPage() {
  return null
}
