// The frame: set-up at the very first start, sign-in for nobody, what is owed for who is half signed in, and the shell with the
// page for everybody else.
import { Center, Loader } from '@mantine/core'
import { Outlet, useLocation } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { newPasswordPaths, useWho } from '../sign-in/me.ts'
import { ProofDialog } from './proof.tsx'
import { Shell } from './shell.tsx'

// Whoever is signed in does without them.
const SignInPage = lazy(async () => ({ default: (await import('../sign-in/sign-in-page.tsx')).SignInPage }))
const NewPasswordPage = lazy(async () => ({
  default: (await import('../sign-in/new-password-page.tsx')).NewPasswordPage,
}))
const SetUpPage = lazy(async () => ({ default: (await import('../sign-in/set-up-page.tsx')).SetUpPage }))

export function RootPage() {
  return (
    <Suspense
      fallback={
        <Center h="100%">
          <Loader />
        </Center>
      }
    >
      <Inside />
      <ProofDialog />
    </Suspense>
  )
}

function Inside() {
  const who = useWho()
  const pathname = useLocation({ select: (location) => location.pathname })
  if (who === 'set-up') return <SetUpPage />
  if (newPasswordPaths.includes(pathname)) return <NewPasswordPage isInvited={pathname === '/invitation'} />
  if (who == null || who.state !== 'full') return <SignInPage state={who?.state} />
  return (
    <Shell me={who}>
      <Outlet />
    </Shell>
  )
}
