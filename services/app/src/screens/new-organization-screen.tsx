import { NameForm } from '@pilot/chamber-ui/management/name-form.tsx'
import { GatePage } from '@pilot/chamber-ui/management/sign-in-card.tsx'
import { Button } from '@pilot/chamber-ui/primitives/button.tsx'
import { useQuery } from '@tanstack/react-query'
import { Link, Navigate, useRouter } from '@tanstack/react-router'
import { useDocumentTitle } from '../lib/document-title.ts'
import { gateway } from '../lib/gateway.ts'
import { useCall } from '../lib/use-call.ts'

/** Makes an organization; the first thing to do where there is none. */
export function NewOrganizationScreen() {
  useDocumentTitle('New organization')
  const router = useRouter()
  const session = useQuery(gateway.query('user.session'))
  const organizations = useQuery({ ...gateway.query('organization.list'), enabled: Boolean(session.data?.user) })
  const create = useCall('organization.create', {
    invalidates: ['organization.list'],
    onSuccess: ({ slug }) => void router.navigate({ to: '/$slug', params: { slug } }),
  })
  if (session.data && !session.data.user) {
    return <Navigate to="/login" search={{ next: '/new-organization' }} replace />
  }
  const first = organizations.data?.length === 0
  return (
    <GatePage title={first ? 'Create your organization' : 'New organization'}>
      <p className="text-sm text-text-2">
        An organization holds people, machines and workspaces. Its members see what is in it; nobody else does.
      </p>
      <NameForm
        label="Name"
        placeholder="Acme"
        submit="Create organization"
        big
        busy={create.isPending}
        error={create.error}
        onSubmit={(name) => create.mutate({ name })}
      />
      {first ? null : (
        <Button asChild variant="quiet">
          <Link to="/">Cancel</Link>
        </Button>
      )}
    </GatePage>
  )
}
