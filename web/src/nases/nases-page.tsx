// To be made.
export function NasesPage() {
  return null
}
