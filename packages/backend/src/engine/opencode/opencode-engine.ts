import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PilotError } from '@pilot/domain/errors'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import { z } from 'zod'
import { AGENT_IDENTITY, type GitIdentity } from '../../git/identity.ts'
import type { Engine, EngineEvent, EngineSessionHandle, EngineState } from '../engine.ts'
import { Activity } from './activity.ts'
import type { EngineBinary } from './binary.ts'
import { authorization, baseUrl, type CallOptions, type CallResult, type Connection, call } from './client.ts'
import { Coalescer } from './coalescer.ts'
import { type EventStream, openEventStream, type RawEvent } from './event-stream.ts'
import { createEventTranslator, RecentMap } from './event-translator.ts'
import { createIdSource } from './ids.ts'
import { readInstructions } from './instructions.ts'
import { isReadOnlyCommand } from './read-only-command.ts'
import type { EngineModel } from './root.ts'
import { Settling } from './settling.ts'
import { applyEvent, readStoredState, withLiveText } from './state.ts'
import { DEFAULT_TIMING, Supervisor, type SupervisorTiming } from './supervisor.ts'
import { readToolOutput } from './tool-output.ts'
import { engineDown, translatePermission } from './translate.ts'
import { type WireEvent, type WirePermission, type WireSession, WireSessionSchema } from './wire.ts'

export interface OpenCodeEngineOptions {
  /** Private directory of this engine; nothing else may use it. */
  root: string
  /** The loopback model endpoint. An engine of a previous runtime is adopted only when this is unchanged. */
  model: EngineModel
  /** Whom the agent's commits are by, unless the repository says otherwise; default: the agent itself. */
  identity?: GitIdentity
  /** Environment of the runtime; default `process.env`. Only a fixed list of it reaches the agent. */
  env?: Record<string, string | undefined>
  /** Overrides the search for the program. */
  binary?: EngineBinary
  /** Opens the engine's own database to prune it while no process runs. */
  openDatabase?: (file: string) => SqliteDatabase
  timing?: Partial<SupervisorTiming>
  /** Operator's log; never holds prompts, passwords or keys. */
  log?: (message: string, cause?: unknown) => void
}

export interface OpenCodeEngine extends Engine {
  /** Takes over the process that a previous runtime left running, if it is healthy. Starts nothing. */
  adopt(): Promise<boolean>
  /** Where the running process listens and what opens it, starting it if needed. Never leaves this machine's process. */
  connect(): Promise<{ origin: string; authorization: string }>
  /** Every event of every directory as OpenCode sent it. Listeners must be quick and must not throw. */
  subscribeRaw(listener: (event: RawEvent) => void): () => void
}

const COALESCE_MS = 40
const MAX_LIVE_TEXT = 2_000_000
const REF_KEY = 'pilot_ref'

/** The OpenCode 1.18 adapter. Creating it starts nothing. */
export function createOpenCodeEngine(options: OpenCodeEngineOptions): OpenCodeEngine {
  return new OpenCodeAdapter(options)
}

class OpenCodeAdapter implements OpenCodeEngine {
  readonly kind = 'opencode'
  readonly #root: string
  readonly #log: (message: string, cause?: unknown) => void
  readonly #supervisor: Supervisor
  readonly #listeners = new Set<(event: EngineEvent) => void>()
  readonly #rawListeners = new Set<(event: RawEvent) => void>()
  readonly #activity = new Activity()
  readonly #translator = createEventTranslator((permission, directory) => this.#autoAllow(permission, directory))
  readonly #coalescer = new Coalescer((event) => this.#emit(event), COALESCE_MS)
  readonly #settling = new Settling((event) => this.#deliver(event))
  readonly #nextId = createIdSource()
  /** Text of parts that stream right now. */
  readonly #liveText = new RecentMap<string>(100)
  /** Readers of a state, who must not miss what happens meanwhile. */
  readonly #observers = new Set<(event: EngineEvent) => void>()
  readonly #creating = new Map<string, Promise<EngineSessionHandle>>()
  #stream: EventStream | null = null
  #closed = false

  constructor(options: OpenCodeEngineOptions) {
    this.#root = options.root
    this.#log = options.log ?? (() => undefined)
    this.#supervisor = new Supervisor({
      root: options.root,
      model: options.model,
      identity: options.identity ?? AGENT_IDENTITY,
      env: options.env ?? process.env,
      ...(options.binary ? { binary: options.binary } : {}),
      ...(options.openDatabase ? { openDatabase: options.openDatabase } : {}),
      timing: { ...DEFAULT_TIMING, ...options.timing },
      onUp: (connection, how) => this.#onUp(connection, how),
      onDown: (message) => this.#onDown(message),
      isBusy: () => this.#activity.isBusy(),
      idleMs: () => this.#activity.idleMs(),
      log: this.#log,
    })
  }

  health() {
    return this.#supervisor.health()
  }

  async ensureStarted(): Promise<void> {
    await this.#supervisor.ensureStarted()
  }

  adopt(): Promise<boolean> {
    return this.#supervisor.adopt()
  }

  createSession(input: { ref: string; directory: string; title?: string }): Promise<EngineSessionHandle> {
    const running = this.#creating.get(input.ref)
    if (running) return running
    const creation = this.#create(input).finally(() => this.#creating.delete(input.ref))
    this.#creating.set(input.ref, creation)
    return creation
  }

  async #create(input: { ref: string; directory: string; title?: string }): Promise<EngineSessionHandle> {
    await assertDirectory(input.directory)
    const existing = await this.findSession(input.ref, input.directory)
    if (existing) return existing
    const body = { ...(input.title ? { title: input.title } : {}), metadata: { [REF_KEY]: input.ref } }
    const { json } = await this.#call('POST', '/session', { directory: input.directory, body, timeoutMs: 30_000 })
    return handleOf(parse(WireSessionSchema, json))
  }

  async findSession(ref: string, directory: string): Promise<EngineSessionHandle | null> {
    const { json } = await this.#call('GET', '/session?limit=1000', { directory, timeoutMs: 30_000 })
    const found = parse(z.array(WireSessionSchema), json).find((session) => session.metadata?.[REF_KEY] === ref)
    return found ? handleOf(found) : null
  }

  async renameSession(handle: EngineSessionHandle, title: string): Promise<void> {
    const { status } = await this.#onSession('PATCH', handle, '', { body: { title } })
    if (status === 404) throw new PilotError('SESSION_NOT_FOUND')
  }

  async deleteSession(handle: EngineSessionHandle): Promise<void> {
    await this.#onSession('DELETE', handle, '', {})
  }

  newPromptIds(): { message_id: string; part_id: string } {
    return { message_id: this.#nextId('msg'), part_id: this.#nextId('prt') }
  }

  async prompt(
    handle: EngineSessionHandle,
    input: { text: string; message_id: string; part_id: string },
  ): Promise<void> {
    await this.#supervisor.ensureStarted()
    await this.#settling.settled(handle.external_id)
    const system = await readInstructions(handle.directory)
    for (const directory of this.#activity.use(handle.external_id, handle.directory)) {
      await this.disposeDirectory(directory).catch((cause) => this.#log('a directory could not be let go', cause))
    }
    try {
      const { status } = await this.#onSession('POST', handle, '/prompt_async', {
        body: {
          messageID: input.message_id,
          model: { providerID: 'pilot', modelID: 'main' },
          ...(system === null ? {} : { system }),
          parts: [{ id: input.part_id, type: 'text', text: input.text }],
        },
        timeoutMs: 30_000,
      })
      if (status === 404) throw new PilotError('SESSION_NOT_FOUND')
    } catch (cause) {
      this.#activity.release(handle.external_id)
      throw cause
    }
  }

  async hasMessage(handle: EngineSessionHandle, messageId: string): Promise<boolean> {
    const { status } = await this.#onSession('GET', handle, `/message/${encodeURIComponent(messageId)}`, {})
    return status !== 404
  }

  async abort(handle: EngineSessionHandle): Promise<void> {
    // Nothing runs in an engine that does not run.
    if (!this.#supervisor.connection()) return
    await this.#onSession('POST', handle, '/abort', { timeoutMs: 5_000 })
  }

  async replyPermission(
    handle: EngineSessionHandle,
    id: string,
    reply: 'once' | 'always' | 'reject',
    message?: string,
  ): Promise<'ok' | 'gone'> {
    const body = { reply, ...(message === undefined ? {} : { message }) }
    return await this.#reply(handle.directory, `/permission/${encodeURIComponent(id)}/reply`, body)
  }

  async replyQuestion(handle: EngineSessionHandle, id: string, answers: string[][] | null): Promise<'ok' | 'gone'> {
    const path = `/question/${encodeURIComponent(id)}`
    return answers === null
      ? await this.#reply(handle.directory, `${path}/reject`, undefined)
      : await this.#reply(handle.directory, `${path}/reply`, { answers })
  }

  async #reply(directory: string, path: string, body: unknown): Promise<'ok' | 'gone'> {
    // Asks live in the memory of the process that asked.
    if (!this.#supervisor.connection()) return 'gone'
    const { status } = await this.#call('POST', path, { directory, body })
    return status === 404 ? 'gone' : 'ok'
  }

  async readState(handle: EngineSessionHandle): Promise<EngineState> {
    await this.#supervisor.ensureStarted()
    const missed: EngineEvent[] = []
    const observe = (event: EngineEvent) => {
      if ('external_id' in event && event.external_id === handle.external_id) missed.push(event)
    }
    this.#observers.add(observe)
    try {
      const state = await readStoredState(handle, {
        get: (path, options) => this.#call('GET', path, options),
        translator: this.#translator,
        autoAllow: (permission) => this.#autoAllow(permission, handle.directory),
      })
      // An adopted engine may be at work although nothing was heard of it yet.
      this.#activity.observe({ type: 'run', external_id: handle.external_id, run: state.run })
      // Without a wait in between, so that what the listeners have heard is exactly what the state holds.
      this.#coalescer.flush()
      return withLiveText(missed.reduce(applyEvent, state), (partId) => this.#liveText.get(partId))
    } finally {
      this.#observers.delete(observe)
    }
  }

  async listChildren(handle: EngineSessionHandle): Promise<(EngineSessionHandle & { title: string })[]> {
    const { status, json } = await this.#onSession('GET', handle, '/children', { timeoutMs: 30_000 })
    if (status === 404) throw new PilotError('SESSION_NOT_FOUND')
    return parse(z.array(WireSessionSchema), json).map((session) => ({ ...handleOf(session), title: session.title }))
  }

  async toolOutput(handle: EngineSessionHandle, partId: string): Promise<string | null> {
    return await readToolOutput(handle, partId, {
      get: (path, options) => this.#call('GET', path, options),
      messageId: this.#translator.messageOfPart(partId),
      root: this.#root,
    })
  }

  subscribe(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async connect(): Promise<{ origin: string; authorization: string }> {
    const connection = await this.#supervisor.ensureStarted()
    this.#activity.touch()
    return { origin: baseUrl(connection), authorization: authorization(connection) }
  }

  subscribeRaw(listener: (event: RawEvent) => void): () => void {
    this.#rawListeners.add(listener)
    return () => this.#rawListeners.delete(listener)
  }

  async disposeDirectory(directory: string): Promise<void> {
    const connection = this.#supervisor.connection()
    if (!connection) return
    this.#activity.forget(directory)
    await call(connection, 'POST', '/instance/dispose', { directory, timeoutMs: 10_000 })
  }

  async stop(options: { keep: boolean }): Promise<void> {
    this.#closed = true
    this.#stream?.close()
    await this.#supervisor.stop(options)
    this.#settling.reset()
    this.#coalescer.flush()
    this.#listeners.clear()
    this.#rawListeners.clear()
  }

  async #onUp(connection: Connection, how: 'started' | 'adopted'): Promise<void> {
    this.#activity.reset()
    await this.#openStream(connection)
    this.#emit({ type: 'up' })
    // Whatever happened while no runtime listened is not known.
    if (how === 'adopted') this.#emit({ type: 'gap' })
  }

  #onDown(message: string): void {
    this.#stream?.close()
    this.#stream = null
    this.#settling.reset()
    this.#activity.reset()
    this.#coalescer.flush()
    this.#emit({ type: 'down', reason: engineDown(message) })
  }

  async #openStream(connection: Connection): Promise<void> {
    const stream = await openEventStream(
      connection,
      (event) => this.#onWireEvent(event),
      (type) => this.#log(`an event of the coding agent could not be read: ${type}`),
      (event) => {
        this.#notify(this.#rawListeners, event)
      },
    )
    this.#stream = stream
    stream.ended
      .then(() => this.#reopen(connection, stream))
      .catch((cause) => this.#log('the event stream could not be opened again', cause))
  }

  /** The stream ended: either the process did too, or events are missing from now on. */
  async #reopen(connection: Connection, ended: EventStream): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      if (this.#closed || this.#stream !== ended) return
      await this.#supervisor.check()
      if (this.#closed || this.#stream !== ended) return
      try {
        await this.#openStream(connection)
        this.#emit({ type: 'gap' })
        return
      } catch {
        // A process that is wedged is ended by its health check; until then it is asked again.
        await delay(Math.min(2_000, 50 * 2 ** attempt))
      }
    }
  }

  #onWireEvent(event: WireEvent): void {
    const { payload } = event
    if (payload.type === 'session.error' && payload.properties.sessionID) {
      this.#settling.begin(payload.properties.sessionID)
    }
    for (const each of this.#translator.translate(event)) {
      if (this.#settling.admits(each)) this.#deliver(each)
    }
  }

  #deliver(event: EngineEvent): void {
    this.#activity.observe(event)
    if (event.type === 'part.delta') {
      const text = (this.#liveText.get(event.part_id) ?? '') + event.text
      if (text.length <= MAX_LIVE_TEXT) this.#liveText.set(event.part_id, text)
    } else if (event.type === 'part' && 'done' in event.part && event.part.done) {
      this.#liveText.delete(event.part.id)
    }
    for (const observe of this.#observers) observe(event)
    this.#coalescer.push(event)
  }

  #emit(event: EngineEvent): void {
    this.#notify(this.#listeners, event)
  }

  /** A listener that throws must not cost the others, or the stream, an event. */
  #notify<T>(listeners: Iterable<(event: T) => void>, event: T): void {
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (cause) {
        this.#log('a listener of engine events failed', cause)
      }
    }
  }

  /** Answers for harmless commands; everything else waits for a person. */
  #autoAllow(permission: WirePermission, directory: string): boolean {
    const { command } = permission.metadata
    if (permission.permission !== 'bash' || typeof command !== 'string' || !isReadOnlyCommand(command)) return false
    this.#reply(directory, `/permission/${encodeURIComponent(permission.id)}/reply`, { reply: 'once' }).catch(
      (cause) => {
        this.#log('a harmless command could not be allowed', cause)
        this.#translator.reveal(permission.id)
        const partId = permission.tool ? this.#translator.partOfCall(permission.tool.callID) : null
        this.#emit({
          type: 'permission.asked',
          external_id: permission.sessionID,
          permission: translatePermission(permission, directory, partId),
        })
      },
    )
    return true
  }

  #onSession(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    handle: EngineSessionHandle,
    path: string,
    options: CallOptions,
  ): Promise<CallResult> {
    const { external_id: id, directory } = handle
    return this.#call(method, `/session/${encodeURIComponent(id)}${path}`, { directory, ...options })
  }

  async #call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, options: CallOptions): Promise<CallResult> {
    const connection = await this.#supervisor.ensureStarted()
    this.#activity.touch()
    try {
      return await call(connection, method, path, options)
    } catch (cause) {
      await this.#supervisor.check()
      throw cause
    }
  }
}

function handleOf(session: WireSession): EngineSessionHandle {
  return { external_id: session.id, directory: session.directory }
}

function parse<T>(schema: z.ZodType<T>, json: unknown): T {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  throw new PilotError('AGENT_UNAVAILABLE', 'The coding agent sent an answer that cannot be read.', undefined, {
    cause: parsed.error,
  })
}

/** OpenCode takes any path, also one that does not exist, and then works in the root of the file system. */
async function assertDirectory(directory: string): Promise<void> {
  const info = isAbsolute(directory) ? await stat(directory).catch(() => null) : null
  if (!info?.isDirectory()) throw new PilotError('WORKSPACE_ROOT_INVALID')
}
