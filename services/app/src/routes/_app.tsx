import { ErrorState } from '@pilot/chamber-ui/primitives/notice.tsx'
import { Skeleton } from '@pilot/chamber-ui/primitives/skeleton.tsx'
import { useQuery } from '@tanstack/react-query'
import { createFileRoute, Navigate, Outlet, useLocation } from '@tanstack/react-router'
import { gateway } from '../lib/gateway.ts'
import { AppShell } from '../screens/app-shell.tsx'

export const Route = createFileRoute('/_app')({ component: SignedIn })

/** Everything behind the sign-in. Who is signed in is asked once and again when the server says that it changed. */
function SignedIn() {
  const session = useQuery(gateway.query('user.session'))
  const here = useLocation({ select: (location) => location.pathname + location.searchStr })
  if (session.data && !session.data.user) {
    return <Navigate to="/login" search={here === '/' ? {} : { next: here }} replace />
  }
  if (session.error && !session.data) {
    return (
      <main className="mx-auto grid min-h-dvh w-full max-w-xl content-center p-6">
        <ErrorState
          error={session.error}
          title="The server did not answer."
          kept="Your agents keep working without this page."
          onRetry={() => void session.refetch()}
          busy={session.isFetching}
        />
      </main>
    )
  }
  return (
    <AppShell>
      {session.data ? (
        <Outlet />
      ) : (
        <div className="flex min-h-14 items-center border-line border-b bg-surface px-5">
          <Skeleton className="h-4 w-36" />
        </div>
      )}
    </AppShell>
  )
}
