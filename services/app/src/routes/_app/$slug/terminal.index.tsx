import { createFileRoute } from '@tanstack/react-router'
import { WorkspaceOnly } from '../../../screens/workspace-only.tsx'
import { WorkspaceScreen } from '../../../workspace/workspace-screen.tsx'

export const Route = createFileRoute('/_app/$slug/terminal/')({ component: Terminals })

function Terminals() {
  const { slug } = Route.useParams()
  return (
    <WorkspaceOnly slug={slug}>
      <WorkspaceScreen key={slug} slug={slug} terminalId={null} />
    </WorkspaceOnly>
  )
}
