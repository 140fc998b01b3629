import { useQuery } from '@tanstack/react-query'
import { createFileRoute, Navigate, Outlet, useLocation } from '@tanstack/react-router'
import { gateway } from '../../lib/gateway.ts'
import { isNotFound, LoadError } from '../../screens/load-error.tsx'
import { NotFoundScreen } from '../../screens/not-found-screen.tsx'
import { PageSkeleton } from '../../screens/page-skeleton.tsx'

export const Route = createFileRoute('/_app/$slug')({ component: Resolved })

/** Finds out what the first part of the address names for this user; a former address leads to the present one. */
function Resolved() {
  const { slug } = Route.useParams()
  const rest = useLocation({ select: (location) => location.pathname.slice(`/${slug}`.length) + location.searchStr })
  const resolved = useQuery(gateway.query('slug.resolve', { slug }))
  if (resolved.data && resolved.data.slug !== slug) return <Moved to={`/${resolved.data.slug}${rest}`} />
  if (resolved.data) return <Outlet />
  if (isNotFound(resolved.error) || resolved.error?.code === 'VALIDATION_FAILED') return <NotFoundScreen />
  if (resolved.error) {
    return (
      <div className="p-6">
        <LoadError
          error={resolved.error}
          title="This page could not be loaded."
          retry={resolved.refetch}
          busy={resolved.isFetching}
        />
      </div>
    )
  }
  return <PageSkeleton />
}

/** Follows to a path that is only known at run time. */
function Moved({ to }: { to: string }) {
  return <Navigate to={to} replace />
}
