import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { newId } from '@pilot/domain/ids'
import { type Figure, main, median, paired, quantile } from './support/figures.ts'
import { type LinkMessage, openLink, type WorkspaceLink } from './support/link.ts'
import { type OpenCodeClient, type OpenCodeEvent, openCodeClient, supervisedOpenCode } from './support/opencode.ts'
import { type Client, openWorkspace, startPilot } from './support/pilot.ts'
import { makeRepository, scoped, until } from './support/program.ts'

const ROUNDS = 5
const SAY = 'Say it\n@say ready'
/** 80 words, one every 30 ms: slower than the window in which the runtime joins text. */
const STREAM = 'Count\n@slow 80 30'

/**
 * From the sent prompt to the first text of the answer, through Pilot and directly, with the same OpenCode process and
 * the same scripted model; and how much later a piece of text arrives over link W than from OpenCode itself.
 */
export async function run(): Promise<Figure[]> {
  return scoped(async (scope) => {
    const repository = scope.directory('repository')
    const home = scope.directory('home')
    const trees = scope.directory('worktrees')
    makeRepository(repository)
    const pilot = await startPilot({ home, workspace: repository })
    scope.defer(() => pilot.stop())
    const client = await openWorkspace(pilot, repository)
    const link = await openLink(client)
    scope.defer(() => link.close())
    const own = new PilotPrompts(client, link)
    // The first prompt of all starts OpenCode.
    await own.prompt(await own.session(), SAY)
    const direct = new DirectPrompts(openCodeClient(await supervisedOpenCode(home)))

    const first: [number, number][] = []
    const next: [number, number][] = []
    const added: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const tree = join(trees, String(round))
      spawnSync('git', ['-C', repository, 'worktree', 'add', '-q', '--detach', tree])
      const session = await own.session()
      const firstOwn = await own.prompt(session, SAY)
      const opened = await direct.open(tree)
      first.push([firstOwn, await direct.firstPrompt(opened, SAY)])
      // The order changes, so that neither always has the warmer machine.
      if (round % 2 === 0) {
        const mine = await own.prompt(session, SAY)
        next.push([mine, await direct.prompt(opened, SAY)])
      } else {
        const theirs = await direct.prompt(opened, SAY)
        next.push([await own.prompt(session, SAY), theirs])
      }
      opened.close()
      if (round < 3) added.push(...(await tokenLatency(own, direct, session)))
    }
    const bench = 'prompt'
    const unit = 'ms'
    const reference = 'direct'
    const overhead = median(next.map(([mine, theirs]) => mine - theirs))
    return [
      paired({ bench, unit, reference, name: 'first prompt of a session to first token' }, first),
      paired({ bench, unit, reference, name: 'next prompt to first token' }, next),
      { bench, unit, name: 'next prompt, added', value: overhead, runs: next.length },
      { bench, unit, name: 'a token later than from OpenCode, p50', value: median(added), runs: added.length },
      { bench, unit, name: 'a token later than from OpenCode, p99', value: quantile(added, 0.99), runs: added.length },
    ]
  })
}

class PilotPrompts {
  readonly client: Client
  readonly link: WorkspaceLink

  constructor(client: Client, link: WorkspaceLink) {
    this.client = client
    this.link = link
  }

  /** A new session whose worktree exists, watched. */
  async session(): Promise<string> {
    const id = newId('agent_session')
    await this.client.json('POST', '/sessions', { id, title: 'bench' })
    await until('the worktree', async () => {
      const { session } = await this.client.json<{ session: { status: string } }>('GET', `/sessions/${id}/snapshot`)
      return session.status !== 'creating'
    })
    await this.link.watch(id)
    return id
  }

  /** Where OpenCode works for a session: its own session carries our id. */
  async directory(session: string): Promise<string> {
    const listed = await this.client.json<{ directory: string; metadata?: { pilot_ref?: string } }[]>('GET', '/session')
    return listed.find(({ metadata }) => metadata?.pilot_ref === session)?.directory ?? ''
  }

  /** Sends a prompt and waits until it is done; gives the milliseconds until the first text of the answer. */
  async prompt(session: string, text: string): Promise<number> {
    const id = newId('command')
    const reader = new AnswerText()
    let firstAt = 0
    const stop = this.link.listen((message) => {
      if (message.agent_session_id === session && reader.take(message) > 0) firstAt ||= performance.now()
    })
    const finished = this.link.next(({ event }) => event?.command?.id === id && event.command.state === 'done')
    const began = performance.now()
    await this.client.json('POST', `/sessions/${session}/commands`, { id, session_id: session, kind: 'prompt', text })
    await finished
    stop()
    return firstAt - began
  }
}

/** Counts the characters of answers in the events of a session. */
class AnswerText {
  readonly #answers = new Set<string>()
  readonly #parts = new Map<string, number>()

  /** Characters of the newest answer's text after this message. */
  take({ event }: LinkMessage): number {
    if (event?.type === 'message.upserted' && event.message?.role === 'assistant') this.#answers.add(event.message.id)
    const { message_id = '', part_id = '' } = event ?? {}
    if (!this.#answers.has(message_id)) return 0
    if (event?.type === 'part.upserted' && event.part?.type === 'text') {
      this.#parts.set(message_id, event.part.text?.length ?? 0)
    } else if (event?.type === 'part.appended' && event.field === 'text' && part_id !== '') {
      this.#parts.set(message_id, (this.#parts.get(message_id) ?? 0) + (event.text?.length ?? 0))
    }
    return this.#parts.get(message_id) ?? 0
  }
}

interface OpenedDirectory {
  directory: string
  session: string
  listen: (listener: (event: OpenCodeEvent) => void) => () => void
  close: () => void
}

class DirectPrompts {
  readonly #client: OpenCodeClient

  constructor(client: OpenCodeClient) {
    this.#client = client
  }

  /** The events of a directory, as its own web application would open them. */
  async open(directory: string): Promise<OpenedDirectory> {
    const listeners = new Set<(event: OpenCodeEvent) => void>()
    const { close } = await this.#client.events(directory, (event) => {
      for (const listener of listeners) listener(event)
    })
    const listen = (listener: (event: OpenCodeEvent) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
    return { directory, session: '', listen, close }
  }

  /** A prompt in a new session: making the session counts, as it does through Pilot. */
  async firstPrompt(opened: OpenedDirectory, text: string): Promise<number> {
    const began = performance.now()
    const made = await this.#client.json<{ id: string }>('POST', '/session', opened.directory, {})
    opened.session = made?.id ?? ''
    return this.prompt(opened, text, began)
  }

  async prompt(opened: OpenedDirectory, text: string, began = performance.now()): Promise<number> {
    const { directory, session, listen } = opened
    const reader = new DirectText()
    let firstAt = 0
    const idle = Promise.withResolvers<void>()
    const stop = listen((event) => {
      if (reader.take(event) > 0) firstAt ||= performance.now()
      if (event.type === 'session.idle' && event.properties.sessionID === session) idle.resolve()
    })
    const body = { model: { providerID: 'pilot', modelID: 'main' }, parts: [{ type: 'text', text }] }
    await this.#client.json('POST', `/session/${session}/prompt_async`, directory, body)
    await idle.promise
    stop()
    return firstAt - began
  }
}

/** Counts the characters of answers in OpenCode's own events. */
class DirectText {
  readonly #answers = new Set<string>()
  readonly #lengths = new Map<string, number>()

  take({ type, properties }: OpenCodeEvent): number {
    const { info, part, messageID = part?.messageID ?? '', field, delta } = properties
    if (type === 'message.updated' && info?.role === 'assistant') this.#answers.add(info.id)
    if (!this.#answers.has(messageID)) return 0
    const known = this.#lengths.get(messageID) ?? 0
    if (type === 'message.part.delta' && field === 'text') this.#lengths.set(messageID, known + (delta?.length ?? 0))
    if (type === 'message.part.updated' && part?.type === 'text')
      this.#lengths.set(messageID, Math.max(known, part.text?.length ?? 0))
    return this.#lengths.get(messageID) ?? 0
  }
}

/** For every piece of a streamed answer: how much later link W had all of it than OpenCode's own stream. */
async function tokenLatency(own: PilotPrompts, direct: DirectPrompts, session: string): Promise<number[]> {
  const opened = await direct.open(await own.directory(session))
  const source: { length: number; at: number }[] = []
  const arrived: { length: number; at: number }[] = []
  const theirs = new DirectText()
  const stopTheirs = opened.listen((event) => {
    const length = theirs.take(event)
    if (length > (source.at(-1)?.length ?? 0)) source.push({ length, at: performance.now() })
  })
  const ours = new AnswerText()
  const stopOurs = own.link.listen((message) => {
    const length = ours.take(message)
    if (length > (arrived.at(-1)?.length ?? 0)) arrived.push({ length, at: performance.now() })
  })
  await own.prompt(session, STREAM)
  stopTheirs()
  stopOurs()
  opened.close()
  return source.flatMap(({ length, at }) => {
    const there = arrived.find((piece) => piece.length >= length)
    return there ? [there.at - at] : []
  })
}

if (import.meta.main) await main(run)
