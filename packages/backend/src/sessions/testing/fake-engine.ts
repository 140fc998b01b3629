import type { Message, MessageWithParts, Part, Permission, Question, ToolPart } from '@pilot/protocol/agent/model'
import type { Engine, EngineEvent, EngineRun, EngineSessionHandle, EngineState } from '../../engine/engine.ts'

interface FakeSession {
  external_id: string
  ref: string
  /** The session whose sub-agent this one is. */
  parent?: string
  directory: string
  title: string
  run: EngineRun
  messages: MessageWithParts[]
  permissions: Permission[]
  questions: Question[]
}

/**
 * An engine that does what a test tells it. It outlives the service, as the real process does, and counts every effect
 * that reached it.
 */
export class FakeEngine {
  readonly sessions = new Map<string, FakeSession>()
  /** How often each prompt (by message id), reply (by ask id) and stop (by session) took effect. */
  readonly effects = new Map<string, number>()
  /** Answers a prompt at once and completely. */
  autoAnswer = false
  /** Called before each call takes effect; may throw or wait. */
  before: (call: string) => void | Promise<void> = () => undefined
  /** Called after the effect, before the call returns. */
  after: (call: string) => void | Promise<void> = () => undefined
  status: 'idle' | 'ok' | 'failed' | 'missing' = 'idle'
  private readonly listeners = new Set<(event: EngineEvent) => void>()
  private minted = 0
  private time = Date.parse('2026-01-01T00:00:00.000Z')

  /** What one process of the service holds; `kill` cuts it off as a killed process is. */
  attach(): Engine & { kill(): void } {
    let dead = false
    const mine = new Set<() => void>()
    const call = async <T>(name: string, effect: () => T): Promise<T> => {
      if (dead) return new Promise<never>(() => undefined)
      await this.before(name)
      if (dead) return new Promise<never>(() => undefined)
      const result = effect()
      await this.after(name)
      if (dead) return new Promise<never>(() => undefined)
      return result
    }
    const state = (handle: EngineSessionHandle) => this.get(handle.external_id)
    return {
      kind: 'opencode',
      kill() {
        dead = true
        for (const stop of mine) stop()
      },
      health: () => ({ status: this.status, version: '1' }),
      ensureStarted: () =>
        call('ensureStarted', () => {
          this.status = 'ok'
        }),
      createSession: ({ ref, directory, title }) =>
        call('createSession', () => {
          const known = [...this.sessions.values()].find((one) => one.ref === ref)
          return known ?? this.add(ref, directory, title ?? '')
        }),
      findSession: (ref) =>
        call('findSession', () => [...this.sessions.values()].find((one) => one.ref === ref) ?? null),
      renameSession: (handle, title) =>
        call('renameSession', () => {
          state(handle).title = title
        }),
      deleteSession: (handle) =>
        call('deleteSession', () => {
          this.sessions.delete(handle.external_id)
        }),
      newPromptIds: () => {
        this.minted += 1
        return { message_id: `msg_${this.minted}`, part_id: `prt_${this.minted}` }
      },
      prompt: (handle, input) =>
        call('prompt', () => {
          this.count(input.message_id)
          const at = this.tick()
          this.message(handle.external_id, {
            ...emptyMessage(input.message_id, 'user', at),
            completed_at: at,
            status: 'completed',
          })
          this.part(handle.external_id, input.message_id, {
            id: input.part_id,
            type: 'text',
            text: input.text,
            done: true,
          })
          this.run(handle.external_id, { status: 'busy' })
          if (this.autoAnswer) this.answer(handle.external_id, `answer to ${input.text}`)
        }),
      hasMessage: (handle, id) => call('hasMessage', () => state(handle).messages.some((one) => one.id === id)),
      abort: (handle) =>
        call('abort', () => {
          this.count(`abort:${handle.external_id}`)
          const session = state(handle)
          session.permissions = []
          session.questions = []
          for (const message of session.messages)
            if (message.status === 'running') this.message(session.external_id, { ...message, status: 'aborted' })
          this.run(session.external_id, { status: 'idle' })
        }),
      replyPermission: (handle, id, reply) =>
        call('replyPermission', () => {
          const session = state(handle)
          if (!session.permissions.some((ask) => ask.id === id)) return 'gone' as const
          this.count(id)
          session.permissions = session.permissions.filter((ask) => ask.id !== id)
          const outcome = reply === 'reject' ? 'rejected' : reply
          this.emit({ type: 'permission.replied', external_id: session.external_id, permission_id: id, outcome })
          return 'ok' as const
        }),
      replyQuestion: (handle, id, answers) =>
        call('replyQuestion', () => {
          const session = state(handle)
          if (!session.questions.some((ask) => ask.id === id)) return 'gone' as const
          this.count(id)
          session.questions = session.questions.filter((ask) => ask.id !== id)
          this.emit({ type: 'question.replied', external_id: session.external_id, question_id: id, answers })
          return 'ok' as const
        }),
      readState: (handle) =>
        call('readState', (): EngineState => {
          const { title, run, messages, permissions, questions } = structuredClone(state(handle))
          return { title, run, messages, permissions, questions, todos: [] }
        }),
      listChildren: (handle) =>
        call('listChildren', () =>
          [...this.sessions.values()].filter((one) => one.parent === state(handle).external_id),
        ),
      toolOutput: (handle, partId) =>
        call('toolOutput', () => {
          const part = state(handle)
            .messages.flatMap((message) => message.parts)
            .find((one) => one.id === partId)
          return part?.type === 'tool' ? part.output : null
        }),
      subscribe: (listener) => {
        this.listeners.add(listener)
        const stop = () => this.listeners.delete(listener)
        mine.add(stop)
        return stop
      },
      disposeDirectory: (directory) => call(`disposeDirectory ${directory}`, () => undefined),
      stop: () => call('stop', () => undefined),
    }
  }

  get(externalId: string): FakeSession {
    const session = this.sessions.get(externalId)
    if (!session) throw new Error(`the engine has no session ${externalId}`)
    return session
  }

  /** The engine's session of one of ours. */
  external(ref: string): string {
    const session = [...this.sessions.values()].find((one) => one.ref === ref)
    if (!session) throw new Error(`the engine has no session for ${ref}`)
    return session.external_id
  }

  add(ref: string, directory: string, title: string, parent?: string): FakeSession {
    const external_id = `ses_${this.sessions.size + 1}_${ref.slice(-6)}`
    const session: FakeSession = {
      external_id,
      ref,
      ...(parent === undefined ? {} : { parent }),
      directory,
      title,
      run: { status: 'idle' },
      messages: [],
      permissions: [],
      questions: [],
    }
    this.sessions.set(external_id, session)
    return session
  }

  emit(event: EngineEvent): void {
    for (const listener of this.listeners) listener(structuredClone(event))
  }

  run(externalId: string, run: EngineRun): void {
    this.get(externalId).run = run
    this.emit({ type: 'run', external_id: externalId, run })
  }

  message(externalId: string, message: Message): void {
    const { messages } = this.get(externalId)
    const index = messages.findIndex((one) => one.id === message.id)
    const parts = messages[index]?.parts ?? []
    if (index < 0) messages.push({ ...message, parts })
    else messages[index] = { ...message, parts }
    this.emit({ type: 'message', external_id: externalId, message })
  }

  part(externalId: string, messageId: string, part: Part): void {
    const message = this.get(externalId).messages.find((one) => one.id === messageId)
    if (!message) throw new Error(`the engine has no message ${messageId}`)
    const index = message.parts.findIndex((one) => one.id === part.id)
    if (index < 0) message.parts.push(part)
    else message.parts[index] = part
    this.emit({ type: 'part', external_id: externalId, message_id: messageId, part })
  }

  /** Begins an answer; gives its message id. */
  begin(externalId: string): string {
    this.minted += 1
    const id = `msg_a${this.minted}`
    this.message(externalId, emptyMessage(id, 'assistant', this.tick()))
    return id
  }

  /** Ends an answer that was begun. */
  finish(externalId: string, messageId: string): void {
    const message = this.get(externalId).messages.find((one) => one.id === messageId)
    if (!message) throw new Error(`the engine has no message ${messageId}`)
    this.message(externalId, { ...message, status: 'completed', completed_at: this.tick() })
  }

  /** A whole answer in three pieces, and the end of the turn. */
  answer(externalId: string, text: string): void {
    const id = this.begin(externalId)
    const part = { id: `prt_${id}`, type: 'text' as const }
    this.part(externalId, id, { ...part, text: '', done: false })
    for (let at = 0; at < text.length; at += 5)
      this.emit({
        type: 'part.delta',
        external_id: externalId,
        message_id: id,
        part_id: part.id,
        text: text.slice(at, at + 5),
      })
    this.part(externalId, id, { ...part, text, done: true })
    this.finish(externalId, id)
    this.run(externalId, { status: 'idle' })
  }

  ask(externalId: string, id: string): void {
    const permission = fakePermission(id, this.tick())
    this.get(externalId).permissions.push(permission)
    this.emit({ type: 'permission.asked', external_id: externalId, permission })
  }

  /** The process dies: what ran is half open in its store, asks are forgotten. */
  die(): void {
    this.status = 'failed'
    for (const session of this.sessions.values()) {
      session.run = { status: 'idle' }
      session.permissions = []
      session.questions = []
    }
    const reason = { code: 'AGENT_UNAVAILABLE' as const, message: 'The agent stopped.', retryable: true }
    this.emit({ type: 'down', reason })
  }

  private count(key: string): void {
    this.effects.set(key, (this.effects.get(key) ?? 0) + 1)
  }

  private tick(): string {
    this.time += 1_000
    return new Date(this.time).toISOString()
  }
}

export function emptyMessage(id: string, role: Message['role'], created_at: string): Message {
  return { id, role, command_id: null, created_at, completed_at: null, status: 'running', error: null, usage: null }
}

export function fakePermission(id: string, asked_at: string): Permission {
  return {
    id,
    kind: 'execute',
    title: `Run ${id}`,
    detail: 'rm -rf build',
    always: [],
    part_id: null,
    asked_at,
    resolution: null,
  }
}

export function fakeTool(id: string, change: Partial<ToolPart> = {}): ToolPart {
  return {
    id,
    type: 'tool',
    tool: 'bash',
    kind: 'execute',
    title: 'make',
    status: 'running',
    input: {},
    output: '',
    output_bytes: 0,
    error: null,
    started_at: null,
    ended_at: null,
    changes: [],
    child_session_id: null,
    ...change,
  }
}
