import type {
  AgentError,
  Message,
  MessageWithParts,
  ModelRef,
  Part,
  Permission,
  Question,
  Todo,
} from '@pilot/protocol/agent/model'

/**
 * A coding agent behind an engine-neutral interface. One engine serves one trust domain (instance). The implementation
 * is OpenCode 1.18 (`opencode/`). Shapes of the engine's own API never pass this line.
 */
export interface Engine {
  readonly kind: 'opencode' | 'none'
  /** Never starts the engine. */
  health(): EngineHealth
  /** Starts the engine if it is not running. Throws PilotError AGENT_NOT_INSTALLED or AGENT_UNAVAILABLE. */
  ensureStarted(): Promise<void>

  /** Creates the engine's session in `directory`, carrying `ref` in its metadata. Idempotent by `ref`. */
  createSession(input: { ref: string; directory: string; title?: string }): Promise<EngineSessionHandle>
  /** Finds a session by the `ref` it was created with: used after a crash between create and commit. */
  findSession(ref: string, directory: string): Promise<EngineSessionHandle | null>
  renameSession(handle: EngineSessionHandle, title: string): Promise<void>
  deleteSession(handle: EngineSessionHandle): Promise<void>

  /**
   * Mints the ids under which a prompt will be sent: stored before the call, so that a crash in between can be
   * resolved by looking the message up.
   */
  newPromptIds(): { message_id: string; part_id: string }
  /** Returns when the engine has taken the prompt; progress comes as events. */
  prompt(
    handle: EngineSessionHandle,
    input: { text: string; message_id: string; part_id: string; model: ModelRef },
  ): Promise<void>
  /** True when the engine knows that user message. */
  hasMessage(handle: EngineSessionHandle, messageId: string): Promise<boolean>
  /** Stops the running turn within a second. */
  abort(handle: EngineSessionHandle): Promise<void>
  /** `gone` when the ask is no longer pending (answered elsewhere, or lost in a restart). */
  replyPermission(
    handle: EngineSessionHandle,
    id: string,
    reply: 'once' | 'always' | 'reject',
    message?: string,
  ): Promise<'ok' | 'gone'>
  replyQuestion(handle: EngineSessionHandle, id: string, answers: string[][] | null): Promise<'ok' | 'gone'>

  /** The truth as the engine tells it now, to reconcile the journal with after any gap. */
  readState(handle: EngineSessionHandle): Promise<EngineState>
  /** Sessions that this one has started for sub-agents, to find those whose creation was missed. */
  listChildren(handle: EngineSessionHandle): Promise<(EngineSessionHandle & { title: string })[]>
  /** Whole output of one tool call. */
  toolOutput(handle: EngineSessionHandle, partId: string): Promise<string | null>

  /**
   * One listener for everything. `gap` says that events may be missing: re-read every session that matters.
   * `down` says that the engine process is gone: whatever ran is interrupted, pending asks are lost.
   */
  subscribe(listener: (event: EngineEvent) => void): () => void
  /** Releases what the engine holds for a directory (its memory, children); called before a worktree is removed. */
  disposeDirectory(directory: string): Promise<void>
  /** Disposes, then ends the process. With `keep` the process is left running for the next runtime to adopt. */
  stop(options: { keep: boolean }): Promise<void>
}

export interface EngineSessionHandle {
  /** The engine's own session id: a key inside the runtime only. */
  external_id: string
  directory: string
}

export interface EngineHealth {
  status: 'idle' | 'starting' | 'ok' | 'restarting' | 'failed' | 'missing'
  version: string | null
  detail?: string
}

export interface EngineState {
  title: string
  run: EngineRun
  messages: MessageWithParts[]
  permissions: Permission[]
  questions: Question[]
  todos: Todo[]
}

export type EngineRun =
  | { status: 'idle' }
  | { status: 'busy' }
  | { status: 'retry'; attempt: number; message: string; next_at: string | null }

/** `external_id` is the engine's session. Message `command_id` is always null here: the session service fills it in. */
export type EngineEvent =
  | {
      type: 'session.created'
      external_id: string
      parent_external_id: string | null
      directory: string
      title: string
    }
  | { type: 'session.title'; external_id: string; title: string }
  | { type: 'session.removed'; external_id: string }
  | { type: 'run'; external_id: string; run: EngineRun }
  /** The turn ended in an error that a person must know (refused key, garbage answer, …). */
  | { type: 'failed'; external_id: string; error: AgentError }
  | { type: 'message'; external_id: string; message: Message }
  | { type: 'message.removed'; external_id: string; message_id: string }
  /** `part.output`/`part.text` are whole; the session service turns growth into appends. */
  | { type: 'part'; external_id: string; message_id: string; part: Part }
  | { type: 'part.delta'; external_id: string; message_id: string; part_id: string; text: string }
  | { type: 'part.removed'; external_id: string; message_id: string; part_id: string }
  | { type: 'permission.asked'; external_id: string; permission: Permission }
  | { type: 'permission.replied'; external_id: string; permission_id: string; outcome: 'once' | 'always' | 'rejected' }
  | { type: 'question.asked'; external_id: string; question: Question }
  | { type: 'question.replied'; external_id: string; question_id: string; answers: string[][] | null }
  | { type: 'todos'; external_id: string; todos: Todo[] }
  | { type: 'gap' }
  | { type: 'down'; reason: AgentError }
  | { type: 'up' }
