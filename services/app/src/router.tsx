import { createRouter } from '@tanstack/react-router'
import { base } from './lib/gateway.ts'
import { baseRewrite } from './router-rewrite.ts'
import { routeTree } from './routeTree.gen.ts'
import { CrashScreen } from './screens/crash-screen.tsx'
import { NotFoundScreen } from './screens/not-found-screen.tsx'

/** The app's router, made once for each document. */
export function getRouter() {
  const rewrite = baseRewrite(base)
  return createRouter({
    routeTree,
    ...(rewrite ? { rewrite } : {}),
    scrollRestoration: true,
    defaultPreload: 'intent',
    defaultNotFoundComponent: NotFoundScreen,
    defaultErrorComponent: CrashScreen,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof getRouter>
  }
}
