import { createFileRoute } from '@tanstack/react-router'
import { dialogSearch } from '../../../management/dialog-search.ts'
import { InstanceScreen } from '../../../screens/instance-screen.tsx'

export const Route = createFileRoute('/_app/$slug/$instanceSlug/machines')({
  validateSearch: dialogSearch,
  component: Machines,
})

function Machines() {
  const { slug, instanceSlug } = Route.useParams()
  const { dialog } = Route.useSearch()
  return <InstanceScreen organizationSlug={slug} instanceSlug={instanceSlug} page="machines" dialog={dialog} />
}
