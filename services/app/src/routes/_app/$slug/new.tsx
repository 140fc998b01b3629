import { createFileRoute } from '@tanstack/react-router'
import { WorkspaceOnly } from '../../../screens/workspace-only.tsx'
import { WorkspaceScreen } from '../../../workspace/workspace-screen.tsx'

export const Route = createFileRoute('/_app/$slug/new')({ component: NewTask })

function NewTask() {
  const { slug } = Route.useParams()
  return (
    <WorkspaceOnly slug={slug}>
      <WorkspaceScreen key={slug} slug={slug} mode="new" />
    </WorkspaceOnly>
  )
}
