import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Id, newId } from '@pilot/domain/ids'
import { COMMAND_FINAL, type CommandRequest, type CommandState } from '@pilot/protocol/agent/command'
import type { SessionSnapshot } from '@pilot/protocol/agent/event'
import type { Outcome } from './fault-report.ts'
import type { FaultWorld } from './fault-world.ts'
import { until } from './pilot.ts'
import { worktrees } from './steps.ts'

type SessionId = Id<'agent_session'>
type CommandId = Id<'command'>

/** What the gateway says while a machine, or the way to it, is gone; the same request is made again then. */
const AWAY = new Set([502, 503, 504])
const MARKS = 'prompt-marks'
/** How long a prompt may take, with the machine away now and then. */
const TURN_MS = 60_000
/** How long turns may go on once no more are wanted; an agent whose model broke off often waits long before it asks again. */
const GRACE_MS = 4_000

/**
 * Somebody who gives prompts to agents all the time, one after another in each session, and answers what they ask. Each
 * prompt lets the agent append its id to a file, once, and then write for a while. A request without an answer is made
 * again under its own id, as a page does.
 */
export class Prompter {
  /** Accepted prompts, and what is known of each. */
  readonly states = new Map<CommandId, CommandState>()
  /** Answers to agents' questions that were accepted. */
  answers = 0
  readonly #world: FaultWorld
  readonly #sessions: readonly SessionId[]
  #running: Promise<void>[] = []
  #stopBy = Number.POSITIVE_INFINITY
  #stopping = false

  private constructor(world: FaultWorld, sessions: readonly SessionId[]) {
    this.#world = world
    this.#sessions = sessions
  }

  /** Makes the sessions and gives each its first prompt; resolves once those are done. */
  static async start(world: FaultWorld, sessions = 3): Promise<Prompter> {
    const ids = Array.from({ length: sessions }, () => newId('agent_session'))
    for (const id of ids) {
      const { status, body } = await world.browser.post(world.path('sessions'), { id })
      if (status !== 201) throw new Error(`session: ${status} ${JSON.stringify(body)}`)
    }
    const prompter = new Prompter(world, ids)
    await Promise.all(ids.map((id) => prompter.#turn(id)))
    return prompter
  }

  /** Gives prompts until it is stopped. */
  run(): void {
    this.#running = this.#sessions.map(async (session) => {
      while (!this.#stopping) await this.#turn(session)
    })
  }

  /**
   * Waits for the turns that run, stops those that take long, and counts: a prompt that left more than one mark or stands
   * more than once in its session is doubled; one that is said to be done and left none is lost, and so is one that is
   * never said to be over; one that left none and is told to be interrupted, failed or unknown is ambiguous.
   */
  async stop(): Promise<Outcome> {
    this.#stopping = true
    this.#stopBy = performance.now() + GRACE_MS
    await Promise.all(this.#running)
    const marks = this.#marks()
    const shown = (await Promise.all(this.#sessions.map((id) => this.#prompts(id)))).flat()
    const said = (id: CommandId) => shown.filter((text) => text.includes(id)).length
    const outcome: Outcome = { lost: 0, duplicated: 0, reordered: 0, ambiguous: 0 }
    for (const [id, state] of this.states) {
      const left = marks.filter((mark) => mark === id).length
      outcome.duplicated += Math.max(0, left - 1) + Math.max(0, said(id) - 1)
      if (!COMMAND_FINAL.has(state)) outcome.lost += 1
      else if (state === 'done' && (left === 0 || said(id) === 0)) outcome.lost += 1
      else if (left === 0) outcome.ambiguous += 1
    }
    return outcome
  }

  /** How many prompts ended in which way, such as `12 done, 1 interrupted`. */
  summary(): string {
    const counts = new Map<CommandState, number>()
    for (const state of this.states.values()) counts.set(state, (counts.get(state) ?? 0) + 1)
    return [...counts].map(([state, count]) => `${count} ${state}`).join(', ')
  }

  async #turn(session_id: SessionId): Promise<void> {
    const id = newId('command')
    const tool = `@tool bash {"command":"echo ${id} >> ${MARKS}","description":"leave a mark"}`
    await this.#command({ id, session_id, kind: 'prompt', text: [`Prompt ${id}`, tool, '@slow 20 10'].join('\n') })
    this.states.set(id, 'accepted')
    const answered = new Set<string>()
    let stopped = false
    await until(
      `the end of ${id}`,
      async () => {
        const snapshot = await this.#snapshot(session_id)
        if (!snapshot) return false
        for (const { id: permission_id, resolution } of snapshot.permissions) {
          if (resolution || answered.has(permission_id)) continue
          await this.#command({ id: newId('command'), session_id, kind: 'permission', permission_id, reply: 'once' })
          answered.add(permission_id)
          this.answers += 1
        }
        if (!stopped && performance.now() > this.#stopBy) {
          await this.#command({ id: newId('command'), session_id, kind: 'abort' })
          stopped = true
        }
        const state = await this.#state(session_id, id)
        if (state) this.states.set(id, state)
        return state && COMMAND_FINAL.has(state)
      },
      TURN_MS,
    ).catch(() => null)
  }

  /** Resolves once the machine has taken it. */
  async #command(command: CommandRequest): Promise<void> {
    await until(`${command.kind} to be taken`, async () => {
      const path = this.#world.path(`sessions/${command.session_id}/commands`)
      const { status, body } = await this.#world.browser.post(path, command)
      if (status !== 202 && !AWAY.has(status)) throw new Error(`${command.kind}: ${status} ${JSON.stringify(body)}`)
      return status === 202
    })
  }

  async #get<T>(session: SessionId, rest: string): Promise<T | null> {
    const { status, body } = await this.#world.browser.json(this.#world.path(`sessions/${session}/${rest}`))
    return status === 200 ? (body as T) : null
  }
  #snapshot(session: SessionId, before = ''): Promise<SessionSnapshot | null> {
    return this.#get(session, `snapshot?limit=20${before}`)
  }
  async #state(session: SessionId, id: CommandId): Promise<CommandState | undefined> {
    return (await this.#get<{ state: CommandState }>(session, `commands/${id}`))?.state
  }

  /** What the session shows as said by its user, from the first message on. */
  async #prompts(session: SessionId): Promise<string[]> {
    const texts: string[] = []
    let before = ''
    for (;;) {
      const page = await until(`the session ${session}`, () => this.#snapshot(session, before))
      texts.push(...page.messages.filter(({ role }) => role === 'user').map(({ parts }) => JSON.stringify(parts)))
      const [oldest] = page.messages
      if (!page.has_more || !oldest) return texts
      before = `&before=${encodeURIComponent(oldest.id)}`
    }
  }

  #marks(): string[] {
    return worktrees(this.#world.repository)
      .map((directory) => join(directory, MARKS))
      .filter((file) => existsSync(file))
      .flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean))
  }
}
