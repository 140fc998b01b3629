import type { AgentEvent, AgentSummary, Position } from '@pilot/protocol/agent/event'
import type { SessionId } from '../runtime/runtime-apis.ts'

export interface SessionWatcher {
  /** Where the watcher's state stands; null while it has none, and then nothing is asked for. */
  position(): Position | null
  /**
   * One event of the journal, in the order of the journal; repeats and gaps are the watcher's to judge. Null stands for
   * an event that this page is too old to know.
   */
  event(position: Position, event: AgentEvent | null): void
  /** The journal cannot be continued from `position()`: the state has to be fetched again. */
  refetch(): void
}

/** Live events of a workspace, as the workspace link delivers them. */
export interface AgentFeed {
  /** Watches one session until the returned function is called. */
  watch(
    session: SessionId,
    watcher: SessionWatcher,
  ): { /** Asks again from `position()`. */ sync(): void; stop(): void }
  /** Calls back on every summary of any session of the workspace. Returns a function that stops it. */
  onSummary(listener: (summary: AgentSummary) => void): () => void
  /** Calls back each time the link is up again after it was down. Returns a function that stops it. */
  onUp(listener: () => void): () => void
}
