// Pieces that are loaded when they are first shown, and with the first of them the words of all.
import { lazyRouteComponent, type RouteComponent } from '@tanstack/react-router'
import { lazy, type LazyExoticComponent, type ReactNode } from 'react'
import { allWords } from './i18n.ts'

type Piece<Props> = (props: Props) => ReactNode
type Later<Whole> = Whole extends Piece<infer Props> ? LazyExoticComponent<Piece<Props>> : never

/** `const Sheet = later(() => import('./sheet.tsx'), 'Sheet')`, below a Suspense. */
export function later<Module, Name extends keyof Module>(load: () => Promise<Module>, name: Name): Later<Module[Name]> {
  return lazy(async () => ({ default: (await withWords(load))[name] as Piece<object> })) as Later<Module[Name]>
}

/** The same for the page of a route. */
export function page<Module>(load: () => Promise<Module>, name: keyof Module & string): RouteComponent {
  return lazyRouteComponent(() => withWords(load) as Promise<Record<string, RouteComponent>>, name)
}

async function withWords<Module>(load: () => Promise<Module>): Promise<Module> {
  const [module] = await Promise.all([load(), allWords()])
  return module
}
