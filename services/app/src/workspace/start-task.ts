import { newId } from '@pilot/domain/ids'
import type { SessionId } from '@pilot/frontend/runtime/runtime-apis'
import { titleOf } from './use-workspace.ts'
import type { WorkspaceClient } from './workspace-client.ts'

/**
 * Starts a task: a session with an id made here, named after its first prompt (so is its branch), and that prompt. Both are stored in this browser before anything
 * is sent, and repeating either has one effect.
 */
export function startTask(client: WorkspaceClient, text: string): SessionId {
  const id = newId('agent_session')
  const title = titleOf(text)
  client.outbox.add({ kind: 'create', id, session_id: id, body: { id, ...(title === '' ? {} : { title }) } })
  client.outbox.add({ kind: 'prompt', id: newId('command'), session_id: id, text })
  return id
}
