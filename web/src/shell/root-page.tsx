// The frame: sign-in for nobody, what is owed for who is half signed in, and the shell with the page for everybody else.
import { Center, Loader } from '@mantine/core'
import { Outlet } from '@tanstack/react-router'
import { useMe } from '../sign-in/me.ts'
import { SignInPage } from '../sign-in/sign-in-page.tsx'
import { Shell } from './shell.tsx'

export function RootPage() {
  const me = useMe()
  if (me === undefined) {
    return (
      <Center h="100%">
        <Loader />
      </Center>
    )
  }
  if (me === null || me.state !== 'full') return <SignInPage state={me?.state} />
  return (
    <Shell me={me}>
      <Outlet />
    </Shell>
  )
}
