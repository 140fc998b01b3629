import { PilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { WelcomeWorkspace } from '@pilot/protocol/messages/runtime-welcome'

/** What this runtime holds of a workspace, and at which generation it last served it. */
export interface HeldWorkspace {
  workspace_id: Id<'workspace'>
  generation: number
}

/**
 * Keeps requests away that were meant for another owner of a workspace. The welcome decides what is served; only a
 * generation below the one that was already served here is not believed (somebody restored an old backup).
 */
export class WorkspaceFence {
  #served = new Map<Id<'workspace'>, number>()
  #conflicts = new Set<Id<'workspace'>>()

  /** Takes over a welcome. Returns the workspaces that an admin has to look at. */
  apply(workspaces: readonly WelcomeWorkspace[], held: readonly HeldWorkspace[]): Id<'workspace'>[] {
    const known = new Map(held.map(({ workspace_id, generation }) => [workspace_id, generation]))
    this.#served = new Map()
    this.#conflicts = new Set()
    for (const { workspace_id, generation } of workspaces) {
      if (generation < (known.get(workspace_id) ?? 0)) this.#conflicts.add(workspace_id)
      else this.#served.set(workspace_id, generation)
    }
    return [...this.#conflicts]
  }

  /** Throws WORKSPACE_NOT_FOUND, CONFLICT or STALE_GENERATION unless exactly this generation is served. */
  check(workspaceId: Id<'workspace'>, generation: number): void {
    if (this.#conflicts.has(workspaceId)) {
      throw new PilotError(
        'CONFLICT',
        'This machine has served a later state of the workspace. An admin has to assign it again.',
      )
    }
    const served = this.#served.get(workspaceId)
    if (served === undefined) throw new PilotError('WORKSPACE_NOT_FOUND')
    if (served !== generation) throw new PilotError('STALE_GENERATION')
  }

  /** For commands, which may announce a workspace or a generation that the next welcome confirms. */
  checkCommand(workspaceId: Id<'workspace'>, generation: number): void {
    if (generation < (this.#served.get(workspaceId) ?? 0)) throw new PilotError('STALE_GENERATION')
  }
}
