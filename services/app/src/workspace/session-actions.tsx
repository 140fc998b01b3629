import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import { DeleteSessionDialog } from '@pilot/chamber-ui/session/delete-session-dialog.tsx'
import type { SessionHeaderActions } from '@pilot/chamber-ui/session/session-header.tsx'
import { type PilotClientError, toClientError } from '@pilot/frontend/errors'
import type { SessionStore } from '@pilot/frontend/session/session-store'
import type { AgentSession } from '@pilot/protocol/agent/model'
import type { UpdateSession } from '@pilot/protocol/agent/rest'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { gateway } from '../lib/gateway.ts'
import { useOpenTerminal } from '../terminal/use-open-terminal.ts'
import type { WorkspaceClient } from './workspace-client.ts'

interface Dialogs {
  deleting: boolean
  busy: boolean
  error: PilotClientError | null
  onOpenChange: (open: boolean) => void
  onDelete: (force: boolean) => void
}

/** What the header's menu does with this session. */
export function useSessionActions(client: WorkspaceClient, store: SessionStore, session: AgentSession | null) {
  const router = useRouter()
  const openTerminal = useOpenTerminal(client.slug)
  const [deleting, setDeleting] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<PilotClientError | null>(null)

  const update = (change: UpdateSession, failed: string) => {
    client.apis.sessions.update(store.session, change).then(
      (next) => {
        store.noteSession(next)
        void gateway.invalidate('workspace.sessions')
      },
      (cause: unknown) => toast.error(failed, { description: toClientError(cause).message }),
    )
  }
  const remove = async (force: boolean) => {
    setBusy(true)
    setError(null)
    try {
      await client.apis.sessions.delete(store.session, force)
      setDeleting(false)
      void gateway.invalidate('workspace.sessions')
      await router.navigate({ to: '/$slug', params: { slug: client.slug } })
    } catch (cause) {
      setError(toClientError(cause))
    } finally {
      setBusy(false)
    }
  }
  const copy = (text: string, done: string) => {
    navigator.clipboard.writeText(text).then(
      () => toast.success(done),
      () => toast.error('The browser did not allow to copy.', { description: text }),
    )
  }
  const header: SessionHeaderActions = {
    onRename: (title) => update({ title }, 'The session was not renamed.'),
    onArchive: (archived) =>
      update({ archived }, archived ? 'The session was not archived.' : 'The session was not restored.'),
    onDelete: () => {
      setError(null)
      setDeleting(true)
    },
    onCopyLink: () => copy(location.href, 'Link copied'),
    onOpenTerminal: () => openTerminal({ agent_session_id: store.session }),
    onCopyBranch: () => copy(session?.worktree?.branch ?? '', 'Branch name copied'),
  }
  const dialogs: Dialogs = { deleting, busy, error, onOpenChange: setDeleting, onDelete: (force) => void remove(force) }
  return { header, dialogs }
}

export function SessionDialogs({ session, deleting, ...dialog }: Dialogs & { session: AgentSession | null }) {
  return (
    <DeleteSessionDialog
      {...dialog}
      open={deleting}
      title={session?.title ?? ''}
      branch={session?.worktree?.branch ?? null}
    />
  )
}
