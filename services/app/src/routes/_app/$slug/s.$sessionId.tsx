import { createFileRoute } from '@tanstack/react-router'
import { WorkspaceOnly } from '../../../screens/workspace-only.tsx'
import { WorkspaceScreen } from '../../../workspace/workspace-screen.tsx'

export const Route = createFileRoute('/_app/$slug/s/$sessionId')({ component: Session })

function Session() {
  const { slug, sessionId } = Route.useParams()
  return (
    <WorkspaceOnly slug={slug}>
      <WorkspaceScreen key={slug} slug={slug} sessionId={sessionId} />
    </WorkspaceOnly>
  )
}
