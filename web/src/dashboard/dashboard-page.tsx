// Being made.
export function DashboardPage() {
  return null
}
