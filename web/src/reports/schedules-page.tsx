// Being made.
export function SchedulesPage() {
  return null
}
