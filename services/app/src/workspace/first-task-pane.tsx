import { Button } from '@pilot/chamber-ui/primitives/button.tsx'
import { OfflineBar } from '@pilot/chamber-ui/primitives/notice.tsx'
import { FirstTask } from '@pilot/chamber-ui/session/first-task.tsx'
import { BackLink } from '@pilot/chamber-ui/shell/back-link.tsx'
import { AppLink } from '@pilot/chamber-ui/shell/link.tsx'
import { MAX_PROMPT_CHARS } from '@pilot/protocol/agent/command'
import type { WorkspaceInfo } from '@pilot/protocol/agent/rest'
import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { SquareTerminal } from 'lucide-react'
import { useCall } from '../lib/use-call.ts'
import { MachineState, useAwayText } from './machine-facts.tsx'
import type { WorkspacePlace } from './place.ts'
import { startTask } from './start-task.ts'
import { draftKey, useDraft } from './use-draft.ts'

interface FirstTaskPaneProps extends WorkspacePlace {
  info: WorkspaceInfo | undefined
  /** False on the index of a workspace without sessions: there is nothing to go back to. */
  showBack: boolean
}

/** A new task: written here, then worked on at its own address. */
export function FirstTaskPane({ userId, client, workspace, connection, info, showBack }: FirstTaskPaneProps) {
  const router = useRouter()
  const { slug } = client
  const [draft, setDraft] = useDraft(draftKey(userId, slug, 'new'))
  const model = useQuery({
    queryKey: ['runtime', slug, 'model'],
    queryFn: ({ signal }) => client.apis.model({ signal }),
    staleTime: 30_000,
    enabled: connection.status === 'live',
  })
  const away = useAwayText(connection, workspace?.machine?.name ?? 'The machine')
  const mayConnect = workspace !== undefined && workspace.role !== 'member'
  // A workspace that could not be prepared is reached by nobody; why is known to the control plane.
  const failed = workspace?.status === 'error'
  const problem = failed ? workspace.error : info?.problem
  const retry = useCall('workspace.retry', { invalidates: ['workspace.list', 'workspace.get'] })
  const start = (text: string) => {
    const sessionId = startTask(client, text)
    setDraft('')
    void router.navigate({ to: '/$slug/s/$sessionId', params: { slug, sessionId } })
  }
  return (
    <FirstTask
      workspaceName={workspace?.name ?? slug}
      value={draft}
      onChange={setDraft}
      onStart={start}
      maxLength={MAX_PROMPT_CHARS}
      model={model.data?.current ?? null}
      repository={info?.repository ?? true}
      baseBranch={info?.branch ?? null}
      connectModel={
        mayConnect ? (
          <Button asChild>
            <AppLink href={`/${workspace.organization_slug}/${workspace.instance_slug}?dialog=model`}>
              Connect a model…
            </AppLink>
          </Button>
        ) : null
      }
      notice={
        problem ? (
          <div role="alert" className="grid gap-2.5 rounded-md border border-line bg-bad-soft px-3.5 py-2.5 text-sm">
            <p>{problem.message}</p>
            {failed ? (
              <div className="flex flex-wrap gap-2">
                <Button busy={retry.isPending} onClick={() => retry.mutate({ workspace_slug: slug })}>
                  Prepare again
                </Button>
                <Button asChild variant="quiet">
                  <AppLink href={`/${slug}/settings`}>Settings</AppLink>
                </Button>
              </div>
            ) : null}
          </div>
        ) : away ? (
          <div className="overflow-hidden rounded-md">
            <OfflineBar onRetry={client.link.wake}>
              {away} A task that you start now waits here until it is back.
            </OfflineBar>
          </div>
        ) : null
      }
      tools={
        <Button asChild variant="quiet" size="icon">
          <AppLink href={`/${slug}/terminal`} title="Terminals" aria-label="Terminals">
            <SquareTerminal aria-hidden="true" />
          </AppLink>
        </Button>
      }
      back={showBack ? <BackLink href={`/${slug}`} label="Back to the sessions" /> : <span className="block w-3.5" />}
      machine={<MachineState workspace={workspace} connection={connection} />}
    />
  )
}
