import type { Id } from '@pilot/domain/ids'
import { encode } from '@pilot/protocol/envelope'
import type { RuntimeHelloMessage } from '@pilot/protocol/messages/runtime-hello'
import type { RuntimeTerminalStateMessage } from '@pilot/protocol/messages/terminal-state'
import type { TerminalStatus } from '@pilot/protocol/terminal/model'
import { MAX_KNOWN_TERMINALS } from './limits.ts'

interface Known {
  workspace_id: Id<'workspace'>
  status: TerminalStatus
}

/** What the machine said last of each of its terminals. Empty while its link is away. */
export class KnownTerminals {
  readonly #byId = new Map<Id<'terminal'>, Known>()

  /** The machine lists what it has; what it lists beyond the limit is not looked at. */
  replace(terminals: RuntimeHelloMessage['terminals']): void {
    this.#byId.clear()
    for (const { workspace_id, ...status } of terminals.slice(0, MAX_KNOWN_TERMINALS))
      this.#byId.set(status.terminal_id, { workspace_id, status })
  }

  /** False when it says too much, or speaks of the terminal of another workspace. */
  note({ workspace_id, terminal: status, closed }: RuntimeTerminalStateMessage): boolean {
    const known = this.#byId.get(status.terminal_id)
    if (known === undefined ? this.#byId.size >= MAX_KNOWN_TERMINALS : known.workspace_id !== workspace_id) return false
    if (closed) this.#byId.delete(status.terminal_id)
    else this.#byId.set(status.terminal_id, { workspace_id, status })
    return true
  }

  workspaceOf(terminalId: Id<'terminal'>): Id<'workspace'> | undefined {
    return this.#byId.get(terminalId)?.workspace_id
  }

  /** One `terminal.state` for each terminal of the workspace, for a tab that heard nothing so far. */
  texts(workspaceId: Id<'workspace'>): string[] {
    return [...this.#byId.values()]
      .filter((known) => known.workspace_id === workspaceId)
      .map(({ status }) => encode({ type: 'terminal.state', terminal: status, closed: false, bell: false }))
  }

  clear(): void {
    this.#byId.clear()
  }
}
