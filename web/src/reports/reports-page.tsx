// Being made.
export function ReportsPage() {
  return null
}
