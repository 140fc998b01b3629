import { type Id, newId } from '@pilot/domain/ids'
import { type Command, type CommandRequest, CommandRequestSchema } from '@pilot/protocol/agent/command'
import type { AgentEvent, AgentSummary, SessionSnapshot } from '@pilot/protocol/agent/event'
import { applyEvent, type SessionState } from '@pilot/protocol/agent/fold'
import type { AgentSession, ToolPart } from '@pilot/protocol/agent/model'
import { CreateSessionSchema, UpdateSessionSchema } from '@pilot/protocol/agent/rest'
import type { SessionView } from '@pilot/protocol/api/views'
import {
  assistant,
  change,
  nextId,
  PATCHES,
  type SessionId,
  sampleStates,
  session,
  stateWith,
  tool,
  user,
  type WorkspaceId,
} from './mock-runtime-data.ts'

/** Pause between two pieces of a scripted answer, in ms. */
const BEAT_MS = 60
const PAGE = 40

interface Journal {
  state: SessionState
  events: AgentEvent[]
  commands: Map<string, CommandRequest>
  aborted: boolean
  /** Continues the script that waits for an answer. */
  answered: (() => void) | null
}

/** One tab's end of the workspace link. */
export interface MockSocket {
  send(text: string): void
}

/**
 * A machine that plays a script: every route and message of the workspace that the app's screens use, over states held
 * in memory. For looking at screens only; nothing here is part of the product.
 */
export class MockRuntime {
  readonly epoch = 'mock'
  online = true
  readonly #sessions = new Map<SessionId, Journal>()
  readonly #watchers = new Map<MockSocket, Set<string>>()
  readonly workspace: WorkspaceId

  constructor(workspace: WorkspaceId, empty = false) {
    this.workspace = workspace
    for (const state of empty ? [] : sampleStates(workspace)) {
      if (state.session) this.#sessions.set(state.session.id, journal(state))
    }
  }

  /** The control plane's rows. */
  rows(): SessionView[] {
    return [...this.#sessions.keys()].map((id) => {
      const {
        agent_session_id,
        created_by: _,
        external_id: __,
        deleted: ___,
        agent: ____,
        ...summary
      } = this.#summary(id)
      return { ...summary, id: agent_session_id, agent: 'opencode' }
    })
  }

  async fetch(request: Request, path: string): Promise<Response> {
    if (!this.online)
      return failure(503, 'RUNTIME_OFFLINE', 'The machine of this workspace is offline. Nothing was sent.')
    const url = new URL(request.url)
    const [, resource, id, sub, subId, leaf] = path.split('/')
    if (resource === 'capabilities') {
      return Response.json({
        capabilities: { agent: true, git: true },
        runtime: { id: 'rt_mock', label: 'mini-1', platform: 'runtime', version: '0.1.0' },
      })
    }
    if (resource === 'health') {
      return Response.json({
        backend: { status: 'ok' },
        engine: { status: 'ok', version: '1' },
        runtime_time: new Date().toISOString(),
      })
    }
    if (resource === 'workspace') {
      return Response.json({
        root_name: 'web-shop',
        repository: true,
        branch: 'main',
        head: '4be1c0ff',
        worktrees: 4,
        problem: null,
      })
    }
    if (resource === 'model') {
      return Response.json({
        current: { provider: 'demo', model: 'demo', label: 'Demo model', demo: true },
        key_source: 'none',
      })
    }
    if (resource !== 'sessions') return failure(404, 'NOT_FOUND', 'There is nothing here.')
    if (id === undefined) return this.#create(await request.json())
    const entry = this.#sessions.get(id as SessionId)
    if (!entry) return failure(404, 'SESSION_NOT_FOUND', 'There is no such agent session in this workspace.')
    if (sub === 'snapshot') return Response.json(this.#snapshot(entry, url.searchParams))
    if (sub === 'commands' && request.method === 'POST')
      return this.#command(id as SessionId, entry, await request.json())
    if (sub === 'commands') {
      const command = entry.state.commands.find((known) => known.id === subId)
      return command ? Response.json(command) : failure(404, 'COMMAND_NOT_FOUND', 'No such command.')
    }
    if (sub === 'diff') {
      const files = entry.state.changes.map((file) => ({ ...file, patch: PATCHES[file.path] ?? null }))
      return Response.json({ base: 'main', files, truncated: false })
    }
    if (sub === 'parts' && leaf === 'output') return new Response('line\n'.repeat(5_000))
    if (request.method === 'PATCH') {
      const body = UpdateSessionSchema.parse(await request.json())
      const archived_at = body.archived === undefined ? undefined : body.archived ? new Date().toISOString() : null
      const next = { ...entry.state.session, ...(body.title ? { title: body.title } : {}) } as AgentSession
      if (archived_at !== undefined) {
        next.archived_at = archived_at
        next.status = archived_at === null ? 'idle' : 'archived'
      }
      this.#emit(id as SessionId, { type: 'session.updated', session: next })
      return Response.json(next)
    }
    if (request.method === 'DELETE') {
      if (url.searchParams.get('force') !== '1' && entry.state.changes.length > 0) {
        return failure(409, 'WORKTREE_DIRTY', 'The worktree has changes that are not committed.')
      }
      this.#sessions.delete(id as SessionId)
      return new Response(null, { status: 204 })
    }
    return failure(404, 'NOT_FOUND', 'There is nothing here.')
  }

  connect(socket: MockSocket): void {
    this.#watchers.set(socket, new Set())
    this.#send(socket, 'runtime.state', { online: this.online, since: null })
    for (const id of this.#sessions.keys()) this.#send(socket, 'agent.summary', { summary: this.#summary(id) })
  }

  disconnect(socket: MockSocket): void {
    this.#watchers.delete(socket)
  }

  message(socket: MockSocket, data: string): void {
    if (data === 'ping') {
      socket.send('pong')
      return
    }
    const message = JSON.parse(data) as { type: string; request_id: string } & Record<string, unknown>
    const { request_id } = message
    if (message.type === 'probe') {
      if (this.online) this.#send(socket, 'ack', { request_id, ok: true, data: { nonce: message.nonce } })
      else this.#send(socket, 'error', { request_id, code: 'RUNTIME_OFFLINE', message: 'offline', retryable: true })
    } else if (message.type === 'agent.unwatch') {
      this.#watchers.get(socket)?.delete(String(message.agent_session_id))
    } else if (message.type === 'agent.watch') {
      const id = message.agent_session_id as SessionId
      const entry = this.#sessions.get(id)
      if (!entry) return
      const since = message.since as { epoch: string; seq: number }
      const same = since.epoch === this.epoch
      this.#watchers.get(socket)?.add(id)
      const head = { agent_session_id: id, epoch: this.epoch }
      this.#send(socket, 'agent.watched', {
        ...head,
        request_id,
        seq: entry.events.length,
        mode: same ? 'replay' : 'refetch',
      })
      for (let seq = since.seq; same && seq < entry.events.length; seq++) {
        this.#send(socket, 'agent.event', { ...head, seq: seq + 1, event: entry.events[seq] })
      }
    }
  }

  /** Lets the machine go away or come back for every tab. */
  setOnline(online: boolean): void {
    this.online = online
    for (const socket of this.#watchers.keys()) this.#send(socket, 'runtime.state', { online, since: null })
  }

  #send(socket: MockSocket, type: string, fields: object): void {
    socket.send(JSON.stringify({ schema_version: '1', type, ...fields }))
  }

  #emit(id: SessionId, event: AgentEvent): void {
    const entry = this.#sessions.get(id)
    if (!entry) return
    entry.events.push(event)
    entry.state = applyEvent(entry.state, event)
    for (const [socket, watched] of this.#watchers) {
      if (watched.has(id)) {
        this.#send(socket, 'agent.event', { agent_session_id: id, epoch: this.epoch, seq: entry.events.length, event })
      }
      if (event.type !== 'part.appended') this.#send(socket, 'agent.summary', { summary: this.#summary(id) })
    }
  }

  #summary(id: SessionId): AgentSummary {
    const entry = this.#sessions.get(id)
    const found = entry?.state.session
    if (!entry || !found) throw new Error('no such session')
    const last = entry.state.messages.at(-1)?.parts.findLast((part): part is ToolPart => part.type === 'tool')
    const [permission] = entry.state.permissions.filter(({ resolution }) => resolution === null)
    const activity =
      found.error?.message ??
      (permission ? permission.title : found.status === 'busy' ? (last?.title ?? 'Thinking') : '')
    const { workspace_id, status, attention, title, agent, parent_id, created_by, created_at, last_activity_at } = found
    return {
      agent_session_id: id,
      workspace_id,
      epoch: this.epoch,
      seq: entry.events.length,
      status,
      attention,
      title,
      activity: found.attention === 'question' ? 'Where should the cache live?' : activity,
      branch: found.worktree?.branch ?? null,
      additions: entry.state.changes.reduce((sum, file) => sum + file.additions, 0),
      deletions: entry.state.changes.reduce((sum, file) => sum + file.deletions, 0),
      agent,
      external_id: null,
      parent_id,
      created_by,
      created_at,
      last_activity_at,
      archived_at: found.archived_at,
      deleted: false,
    }
  }

  #snapshot({ state, events }: Journal, query: URLSearchParams): SessionSnapshot {
    const before = query.get('before')
    const end = before === null ? state.messages.length : state.messages.findIndex(({ id }) => id === before)
    const start = Math.max(0, end - Number(query.get('limit') ?? PAGE))
    if (!state.session) throw new Error('no session')
    return {
      epoch: this.epoch,
      seq: events.length,
      session: state.session,
      messages: state.messages.slice(start, end),
      has_more: start > 0,
      permissions: [...state.permissions],
      questions: [...state.questions],
      todos: [...state.todos],
      commands: [...state.commands],
      changes: [...state.changes],
      changes_truncated: false,
    }
  }

  #create(body: unknown): Response {
    const { id, title } = CreateSessionSchema.parse(body)
    const known = this.#sessions.get(id)?.state.session
    if (known) return Response.json(known)
    const now = new Date().toISOString()
    const made = session(this.workspace, { id, title: title ?? 'New session', created_at: now, last_activity_at: now })
    this.#sessions.set(id, journal(stateWith({ session: made })))
    for (const socket of this.#watchers.keys()) this.#send(socket, 'agent.summary', { summary: this.#summary(id) })
    return Response.json(made, { status: 201 })
  }

  #command(id: SessionId, entry: Journal, body: unknown): Response {
    const request = CommandRequestSchema.parse(body)
    const known = entry.state.commands.find((command) => command.id === request.id)
    if (known) return Response.json(known, { status: 202 })
    const now = new Date().toISOString()
    const command: Command = {
      id: request.id,
      session_id: id,
      kind: request.kind,
      state: 'accepted',
      text: request.kind === 'prompt' ? request.text : null,
      message_id: null,
      actor_user_id: null,
      error: null,
      created_at: now,
      updated_at: now,
    }
    entry.commands.set(request.id, request)
    this.#emit(id, { type: 'command.upserted', command })
    void this.#run(id, entry, request, command)
    return Response.json(command, { status: 202 })
  }

  async #run(id: SessionId, entry: Journal, request: CommandRequest, command: Command): Promise<void> {
    const state = (next: Command['state'], fields: Partial<Command> = {}) =>
      this.#emit(id, { type: 'command.upserted', command: { ...command, ...fields, state: next } })
    if (request.kind === 'abort') entry.aborted = true
    else if (request.kind === 'permission') {
      const permission = entry.state.permissions.find((known) => known.id === request.permission_id)
      const outcome = request.reply === 'reject' ? ('rejected' as const) : request.reply
      const resolution = { outcome, by: null, at: new Date().toISOString() }
      if (permission) this.#emit(id, { type: 'permission.upserted', permission: { ...permission, resolution } })
    } else if (request.kind === 'question') {
      const question = entry.state.questions.find((known) => known.id === request.question_id)
      const resolution = {
        outcome: request.answers ? ('answered' as const) : ('rejected' as const),
        answers: request.answers ?? [],
        by: null,
        at: new Date().toISOString(),
      }
      if (question) this.#emit(id, { type: 'question.upserted', question: { ...question, resolution } })
    } else {
      await this.#answer(id, entry, request.text, command, state)
      return
    }
    entry.answered?.()
    entry.answered = null
    state('done')
    this.#status(id, 'idle')
  }

  async #answer(
    id: SessionId,
    entry: Journal,
    prompt: string,
    command: Command,
    state: (next: Command['state'], fields?: Partial<Command>) => void,
  ): Promise<void> {
    await beat(4)
    entry.aborted = false
    const question = user(prompt, new Date().toISOString(), command.id)
    const { parts: asked, ...message } = question
    state('running', { message_id: message.id })
    if (entry.state.session?.title === 'New session') {
      const title = prompt.split('\n')[0]?.slice(0, 80) ?? ''
      this.#emit(id, { type: 'session.updated', session: { ...entry.state.session, title } })
    }
    this.#emit(id, { type: 'message.upserted', message })
    for (const part of asked) this.#emit(id, { type: 'part.upserted', message_id: message.id, part })
    this.#status(id, 'busy')
    const reply = assistant([], new Date().toISOString(), {
      status: 'running',
      completed_at: null,
      command_id: command.id,
    })
    const { parts: _, ...head } = reply
    this.#emit(id, { type: 'message.upserted', message: head })
    await this.#stream(
      id,
      entry,
      reply.id,
      'I will look at the repository first, then make the change on its own branch.',
    )
    await this.#tool(
      id,
      entry,
      reply.id,
      tool({ kind: 'read', title: 'package.json', output: '{ "name": "web-shop" }' }),
    )
    await this.#tool(id, entry, reply.id, tool({ kind: 'search', title: 'applyCoupon', output: 'a\nb' }))
    if (!entry.aborted) await this.#ask(id, entry)
    await this.#tool(
      id,
      entry,
      reply.id,
      tool({ kind: 'edit', title: 'src/cart/discount.ts', changes: [change('src/cart/discount.ts', 2, 4)] }),
    )
    if (!entry.aborted) {
      this.#emit(id, { type: 'changes.updated', changes: [change('src/cart/discount.ts', 2, 4)], truncated: false })
    }
    await this.#stream(
      id,
      entry,
      reply.id,
      'Done.\n\n```ts\nconst off = round(sum(lines) * rate)\n```\n\nThe tests **pass** now.',
    )
    const status = entry.aborted ? ('aborted' as const) : ('completed' as const)
    this.#emit(id, { type: 'message.upserted', message: { ...head, status, completed_at: new Date().toISOString() } })
    state(entry.aborted ? 'interrupted' : 'done', { message_id: message.id })
    this.#status(id, 'idle')
  }

  async #ask(id: SessionId, entry: Journal): Promise<void> {
    this.#emit(id, {
      type: 'permission.upserted',
      permission: {
        id: nextId('per'),
        kind: 'execute',
        title: 'pnpm test',
        detail: 'pnpm test',
        always: ['pnpm *'],
        part_id: null,
        asked_at: new Date().toISOString(),
        resolution: null,
      },
    })
    this.#status(id, 'waiting')
    await new Promise<void>((resolve) => {
      entry.answered = resolve
    })
    this.#status(id, 'busy')
  }

  async #stream(id: SessionId, entry: Journal, message: string, value: string): Promise<void> {
    if (entry.aborted) return
    const part = nextId('prt')
    this.#emit(id, {
      type: 'part.upserted',
      message_id: message,
      part: { id: part, type: 'text', text: '', done: false },
    })
    for (let offset = 0; offset < value.length && !entry.aborted; offset += 6) {
      const piece = value.slice(offset, offset + 6)
      this.#emit(id, { type: 'part.appended', message_id: message, part_id: part, field: 'text', offset, text: piece })
      await beat(1)
    }
    const done = { id: part, type: 'text' as const, text: value, done: true }
    if (!entry.aborted) this.#emit(id, { type: 'part.upserted', message_id: message, part: done })
  }

  async #tool(id: SessionId, entry: Journal, message: string, part: ToolPart): Promise<void> {
    if (entry.aborted) return
    this.#emit(id, {
      type: 'part.upserted',
      message_id: message,
      part: { ...part, status: 'running', output: '', output_bytes: 0, changes: [], ended_at: null },
    })
    await beat(8)
    this.#emit(id, { type: 'part.upserted', message_id: message, part })
  }

  #status(id: SessionId, status: AgentSession['status']): void {
    const found = this.#sessions.get(id)?.state.session
    if (!found) return
    const attention = status === 'waiting' ? ('permission' as const) : ('none' as const)
    const last_activity_at = new Date().toISOString()
    this.#emit(id, { type: 'session.updated', session: { ...found, status, attention, last_activity_at } })
  }
}

function journal(state: SessionState): Journal {
  return { state, events: [], commands: new Map(), aborted: false, answered: null }
}

async function beat(count: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, BEAT_MS * count))
}

function failure(status: number, code: string, message: string): Response {
  const request_id: Id<'request'> = newId('request')
  return Response.json({ error: { code, message, request_id, retryable: status >= 500 } }, { status })
}
