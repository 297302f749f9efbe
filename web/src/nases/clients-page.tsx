// To be made.
export function ClientsPage() {
  return null
}
