import type { Id } from '@pilot/domain/ids'
import { createTerminals, type Terminals } from '@pilot/frontend/terminal/terminals'
import { writerIds } from '@pilot/frontend/terminal/writer-ids'
import type { WorkspaceClient } from '../workspace/workspace-client.ts'

const made = new WeakMap<WorkspaceClient, Terminals>()
const writers = writerIds(() => sessionStorage)
window.addEventListener('pagehide', () => writers.leave())

/** The clients of a workspace's terminals in this tab, made when the first one is opened. */
export function terminalsOf(client: WorkspaceClient, userId: Id<'user'>): Terminals {
  const known = made.get(client)
  if (known) return known
  const terminals = createTerminals({ feed: client.link.terminals, userId, writers })
  made.set(client, terminals)
  return terminals
}
