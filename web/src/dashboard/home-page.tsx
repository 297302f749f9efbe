// `/`: the dashboard for whoever may see it, else the list of subscribers.
import { Navigate } from '@tanstack/react-router'
import { useMay } from '../sign-in/me.ts'

export function HomePage() {
  return <Navigate to={useMay('report.read') ? '/dashboard' : '/subscribers'} replace />
}
