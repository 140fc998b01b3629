import { PilotError } from '@pilot/domain/errors'
import type { Message, MessageWithParts, Part } from '@pilot/protocol/agent/model'
import type { Engine, EngineEvent, EngineSessionHandle, EngineState } from './engine.ts'

/** One thing that a scripted turn does, in order. */
export type MockStep =
  | { type: 'text'; text: string }
  /** A command that waits for permission; rejected, the turn goes on without it. */
  | { type: 'command'; command: string; output: string }
  | { type: 'question'; question: string; options: string[] }
  | { type: 'fail'; code: 'MODEL_REFUSED' | 'MODEL_UNAVAILABLE' | 'RATE_LIMITED'; message: string }

export interface MockEngineOptions {
  /** What the agent does with a prompt; default: it repeats the prompt. */
  script?: (prompt: string) => MockStep[]
  now?: () => Date
}

export interface MockEngine extends Engine {
  /** As when the process is killed: what ran is cut off, open asks are lost. The next call starts it again. */
  crash(): void
}

interface MockSession extends EngineState {
  ref: string
  handle: EngineSessionHandle
  /** Steps of the running turn that are still to come; null when idle. */
  pending: MockStep[] | null
}

/**
 * An engine in memory for tests and development: no process, no clock, no randomness. A turn runs synchronously to its
 * end or to the next ask, so a test sees the same events in the same order every time.
 */
export function createMockEngine(options: MockEngineOptions = {}): MockEngine {
  const script = options.script ?? ((prompt) => [{ type: 'text', text: prompt }])
  const now = options.now ?? (() => new Date(0))
  const sessions = new Map<string, MockSession>()
  const listeners = new Set<(event: EngineEvent) => void>()
  let status: 'idle' | 'ok' = 'idle'
  let counter = 0

  const id = (prefix: string) => `${prefix}_${String(++counter).padStart(6, '0')}`
  const time = () => now().toISOString()
  const emit = (event: EngineEvent) => {
    for (const listener of listeners) listener(event)
  }

  function get(handle: EngineSessionHandle): MockSession {
    const session = sessions.get(handle.external_id)
    if (!session) throw new PilotError('SESSION_NOT_FOUND')
    return session
  }

  function setMessage(session: MockSession, message: Message, parts: Part[]): void {
    const index = session.messages.findIndex((each) => each.id === message.id)
    const whole: MessageWithParts = { ...message, parts }
    if (index < 0) session.messages.push(whole)
    else session.messages[index] = whole
    emit({ type: 'message', external_id: session.handle.external_id, message })
  }

  function setPart(session: MockSession, messageId: string, part: Part): void {
    const message = session.messages.find((each) => each.id === messageId)
    if (!message) return
    const others = message.parts.filter((each) => each.id !== part.id)
    message.parts = [...others, part]
    emit({ type: 'part', external_id: session.handle.external_id, message_id: messageId, part })
  }

  function answerOf(session: MockSession): MessageWithParts | undefined {
    return session.messages.findLast((message) => message.role === 'assistant' && message.status === 'running')
  }

  /** Ends the turn: its answer gets `as`, the session becomes idle. */
  function end(session: MockSession, as: Message['status'], error: Message['error'] = null): void {
    const open = answerOf(session)
    if (open) {
      const { parts, ...message } = open
      setMessage(session, { ...message, status: as, error, completed_at: time() }, parts)
    }
    session.pending = null
    session.run = { status: 'idle' }
    emit({ type: 'run', external_id: session.handle.external_id, run: session.run })
  }

  function proceed(session: MockSession): void {
    const { external_id } = session.handle
    for (;;) {
      const step = session.pending?.shift()
      const answer = answerOf(session)
      if (!step || !answer) {
        end(session, 'completed')
        return
      }
      switch (step.type) {
        case 'text': {
          const part = { id: id('prt'), type: 'text' as const, text: '', done: false }
          setPart(session, answer.id, part)
          emit({ type: 'part.delta', external_id, message_id: answer.id, part_id: part.id, text: step.text })
          setPart(session, answer.id, { ...part, text: step.text, done: true })
          break
        }
        case 'command': {
          const partId = id('prt')
          setPart(session, answer.id, toolPart(partId, step.command, 'running', '', time()))
          const permission = {
            id: id('per'),
            kind: 'execute' as const,
            title: 'Run a command',
            detail: step.command,
            always: [],
            part_id: partId,
            asked_at: time(),
            resolution: null,
          }
          session.permissions.push(permission)
          session.pending?.unshift(step)
          emit({ type: 'permission.asked', external_id, permission })
          return
        }
        case 'question': {
          const item = {
            header: 'Question',
            question: step.question,
            multiple: false,
            custom: true,
            options: step.options.map((label) => ({ label, description: '' })),
          }
          const question = { id: id('que'), asked_at: time(), items: [item], resolution: null }
          session.questions.push(question)
          emit({ type: 'question.asked', external_id, question })
          return
        }
        case 'fail': {
          const error = { code: step.code, message: step.message, retryable: step.code !== 'MODEL_REFUSED' }
          emit({ type: 'failed', external_id, error })
          end(session, 'failed', error)
          return
        }
      }
    }
  }

  function start(): void {
    if (status === 'ok') return
    status = 'ok'
    emit({ type: 'up' })
  }

  return {
    kind: 'none',
    health: () => ({ status, version: 'mock' }),
    ensureStarted: async () => start(),
    async createSession({ ref, directory, title = '' }) {
      start()
      const known = [...sessions.values()].find((session) => session.ref === ref)
      if (known) return known.handle
      const handle = { external_id: id('ses'), directory }
      const empty = { title, messages: [], permissions: [], questions: [], todos: [] }
      sessions.set(handle.external_id, { ...empty, ref, handle, run: { status: 'idle' }, pending: null })
      emit({ type: 'session.created', external_id: handle.external_id, parent_external_id: null, directory, title })
      return handle
    },
    findSession: async (ref) => [...sessions.values()].find((session) => session.ref === ref)?.handle ?? null,
    async renameSession(handle, title) {
      get(handle).title = title
      emit({ type: 'session.title', external_id: handle.external_id, title })
    },
    async deleteSession(handle) {
      if (sessions.delete(handle.external_id)) emit({ type: 'session.removed', external_id: handle.external_id })
    },
    newPromptIds: () => ({ message_id: id('msg'), part_id: id('prt') }),
    async prompt(handle, input) {
      start()
      const session = get(handle)
      if (session.messages.some((message) => message.id === input.message_id)) return
      const common = { command_id: null, created_at: time(), error: null, usage: null }
      setMessage(
        session,
        { ...common, id: input.message_id, role: 'user', completed_at: time(), status: 'completed' },
        [],
      )
      setPart(session, input.message_id, { id: input.part_id, type: 'text', text: input.text, done: true })
      const steps = script(input.text)
      if (session.pending) {
        session.pending.push(...steps)
        return
      }
      session.pending = steps
      session.run = { status: 'busy' }
      emit({ type: 'run', external_id: handle.external_id, run: session.run })
      setMessage(session, { ...common, id: id('msg'), role: 'assistant', completed_at: null, status: 'running' }, [])
      proceed(session)
    },
    hasMessage: async (handle, messageId) => get(handle).messages.some((message) => message.id === messageId),
    async abort(handle) {
      const session = get(handle)
      session.permissions = []
      session.questions = []
      if (session.pending) end(session, 'aborted')
    },
    async replyPermission(handle, permissionId, reply) {
      const session = get(handle)
      const permission = session.permissions.find((each) => each.id === permissionId)
      if (!permission) return 'gone'
      session.permissions = session.permissions.filter((each) => each !== permission)
      const outcome = reply === 'reject' ? 'rejected' : reply
      emit({ type: 'permission.replied', external_id: handle.external_id, permission_id: permissionId, outcome })
      const step = session.pending?.shift()
      const answer = answerOf(session)
      if (step?.type === 'command' && answer && permission.part_id) {
        const done = toolPart(permission.part_id, step.command, 'completed', step.output, time())
        const refused = { ...toolPart(permission.part_id, step.command, 'failed', '', time()), error: 'Rejected.' }
        setPart(session, answer.id, reply === 'reject' ? refused : done)
      }
      proceed(session)
      return 'ok'
    },
    async replyQuestion(handle, questionId, answers) {
      const session = get(handle)
      if (!session.questions.some((each) => each.id === questionId)) return 'gone'
      session.questions = session.questions.filter((each) => each.id !== questionId)
      emit({ type: 'question.replied', external_id: handle.external_id, question_id: questionId, answers })
      proceed(session)
      return 'ok'
    },
    async readState(handle) {
      start()
      const { title, run, messages, permissions, questions, todos } = get(handle)
      return structuredClone({ title, run, messages, permissions, questions, todos })
    },
    async toolOutput(handle, partId) {
      const parts = get(handle).messages.flatMap((message) => message.parts)
      const part = parts.find((each) => each.id === partId)
      return part?.type === 'tool' ? part.output : null
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    disposeDirectory: async () => undefined,
    async stop() {
      status = 'idle'
      listeners.clear()
    },
    crash() {
      status = 'idle'
      for (const session of sessions.values()) {
        session.permissions = []
        session.questions = []
        session.pending = null
        session.run = { status: 'idle' }
        session.messages = session.messages.map(cutOff)
      }
      const message = 'The coding agent stopped unexpectedly and is started again.'
      emit({ type: 'down', reason: { code: 'AGENT_UNAVAILABLE', message, retryable: true } })
    },
  }
}

function cutOff(message: MessageWithParts): MessageWithParts {
  if (message.status !== 'running') return message
  const parts = message.parts.map(
    (part): Part => (part.type === 'tool' && part.status === 'running' ? { ...part, status: 'interrupted' } : part),
  )
  return { ...message, status: 'interrupted', parts }
}

function toolPart(
  partId: string,
  command: string,
  status: 'running' | 'completed' | 'failed',
  output: string,
  at: string,
) {
  return {
    id: partId,
    type: 'tool' as const,
    tool: 'bash',
    kind: 'execute' as const,
    title: command,
    status,
    input: { command },
    output,
    output_bytes: Buffer.byteLength(output),
    error: null,
    started_at: at,
    ended_at: status === 'running' ? null : at,
    changes: [],
    child_session_id: null,
  }
}
