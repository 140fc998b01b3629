import { Spinner } from '@pilot/chamber-ui/primitives/spinner.tsx'
import { useQuery } from '@tanstack/react-query'
import { Navigate } from '@tanstack/react-router'
import { gateway } from '../lib/gateway.ts'
import { readLastPlace } from '../lib/last-place.ts'
import { LoadError } from './load-error.tsx'

/** Leads to where work goes on: the organization of the last visit, else the first one, else making one. */
export function StartScreen() {
  const session = useQuery(gateway.query('user.session'))
  const signedIn = Boolean(session.data?.user)
  const organizations = useQuery({ ...gateway.query('organization.list'), enabled: signedIn })
  if (session.data && !signedIn) return <Navigate to="/login" replace />
  const failed = session.error ? session : organizations.error ? organizations : null
  if (failed?.error) {
    return (
      <main className="mx-auto grid min-h-dvh w-full max-w-xl content-center p-6">
        <LoadError
          error={failed.error}
          title="The server did not answer."
          retry={failed.refetch}
          busy={failed.isFetching}
        />
      </main>
    )
  }
  if (organizations.data) {
    const last = readLastPlace()
    const organization =
      organizations.data.find((candidate) => candidate.slug === last?.organization) ?? organizations.data[0]
    if (!organization) return <Navigate to="/new-organization" replace />
    return <Navigate to="/$slug" params={{ slug: organization.slug }} replace />
  }
  return (
    <main className="grid min-h-dvh place-items-center text-text-3">
      <span role="status" className="flex items-center gap-2 text-sm">
        <Spinner /> Opening…
      </span>
    </main>
  )
}
