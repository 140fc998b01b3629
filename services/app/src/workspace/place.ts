import type { Id } from '@pilot/domain/ids'
import type { ConnectionState } from '@pilot/frontend/link/connection-state'
import type { WorkspaceView } from '@pilot/protocol/api/views'
import type { WorkspaceClient } from './workspace-client.ts'

/** What every part of a workspace's screen is given. */
export interface WorkspacePlace {
  userId: Id<'user'>
  client: WorkspaceClient
  /** Undefined while it is fetched. */
  workspace: WorkspaceView | undefined
  /** The way to its machine. */
  connection: ConnectionState
}
