import { PilotError } from '@pilot/domain/errors'
import type { AgentEvent } from '@pilot/protocol/agent/event'
import { fold } from '@pilot/protocol/agent/fold'
import type { AgentError } from '@pilot/protocol/agent/model'
import type { EngineState } from '../engine/engine.ts'
import { loseAsks, NO_ASKS, openPermission, openQuestion, rejectAsks } from './asks.ts'
import { scheduleChanges } from './changes.ts'
import { commandEvent } from './command-view.ts'
import { type Core, handleOf, liveOf, now, releaseLive, update } from './core.ts'
import { difference, Touched } from './difference.ts'
import { answerTo, closeOpen } from './settle.ts'
import type { Ending } from './status.ts'
import type { SessionId, StoredCommand } from './store/rows.ts'
import { adoptChild } from './sub-agents.ts'

/**
 * A prompt that the engine has but does not work on is looked at this often, and given up after this long: on a loaded
 * machine an engine takes its time to open a directory before it begins.
 */
const RECHECK_MS = 2_000
export const GIVE_UP_MS = 60_000

const NO_ANSWER: AgentError = {
  code: 'AGENT_UNAVAILABLE',
  message: 'The agent stopped without an answer. Send the prompt again.',
  retryable: true,
}

export const STOPPED: AgentError = {
  code: 'AGENT_UNAVAILABLE',
  message: 'The agent stopped in the middle of its work. What it did so far is kept; send a prompt to go on.',
  retryable: true,
}

export const FORGOTTEN: AgentError = {
  code: 'AGENT_UNAVAILABLE',
  message: 'The agent forgot this session. What it did is kept here; the next prompt starts without its memory.',
  retryable: true,
}

type Result = { state: 'done' | 'failed' | 'interrupted'; error: AgentError | null }

/**
 * The engine is idle: every prompt that it answered is finished, and nothing is left half open. A prompt without an
 * answer may not have begun yet: the engine is asked again (`asked` says that it just was) until it is given up.
 */
export function settleTurn(core: Core, id: SessionId, { asked = false }: { asked?: boolean } = {}): void {
  const live = liveOf(core, id)
  const { aborting, failed } = live
  const at = core.clock.now()
  const closing = closeOpen(core.journal.state(id), aborting ? 'aborted' : 'interrupted', at.toISOString())
  const state = fold(closing, core.journal.state(id))
  const results: [StoredCommand, Result][] = []
  let waiting = false
  for (const command of core.store.commands.open(id)) {
    if (command.request.kind !== 'prompt' || command.state !== 'running') continue
    const answer = command.message_id ? answerTo(state, command.message_id) : undefined
    if (aborting) results.push([command, { state: 'interrupted', error: null }])
    else if (answer?.status === 'failed')
      results.push([command, { state: 'failed', error: answer.error ?? failed ?? STOPPED }])
    else if (answer?.status === 'interrupted' || answer?.status === 'aborted')
      results.push([command, { state: 'interrupted', error: failed ?? (answer.status === 'aborted' ? null : STOPPED) }])
    else if (failed) results.push([command, { state: 'failed', error: failed }])
    else if (answer) results.push([command, { state: 'done', error: null }])
    else if (asked && at.getTime() - command.updated_at.getTime() >= GIVE_UP_MS)
      results.push([command, { state: 'interrupted', error: NO_ANSWER }])
    else waiting = true
  }
  live.aborting = null
  if (!waiting) live.failed = null
  if (aborting) rejectAsks(core, id, aborting.by)
  loseAsks(core, id, NO_ASKS)
  const wasWorking = ['busy', 'retry', 'waiting'].includes(state.session?.status ?? '')
  const ending =
    results.length > 0 || wasWorking || failed ? endingOf(results, aborting !== null, failed, closing) : undefined
  finish(core, id, closing, results, ending)
  if (waiting) scheduleRecheck(core, id)
  if (wasWorking) scheduleChanges(core, id)
  releaseLive(core, id)
}

function endingOf(
  results: [StoredCommand, Result][],
  aborting: boolean,
  failed: AgentError | null,
  closed: AgentEvent[],
): Ending {
  if (aborting) return { kind: 'aborted' }
  if (failed) return { kind: 'error', error: failed }
  const last = results.at(-1)?.[1]
  if (last?.state === 'failed') return { kind: 'error', error: last.error ?? STOPPED }
  if (last?.state === 'interrupted')
    return last.error ? { kind: 'interrupted', error: last.error } : { kind: 'aborted' }
  const cutShort = closed.some((event) => event.type === 'message.upserted')
  return results.length === 0 && cutShort ? { kind: 'interrupted', error: STOPPED } : { kind: 'done' }
}

/** Writes the ends of prompts and the entries about them in one commit that the disk has. */
export function finish(
  core: Core,
  id: SessionId,
  events: readonly AgentEvent[],
  results: readonly (readonly [StoredCommand, { state: StoredCommand['state']; error: AgentError | null }])[],
  ending?: Ending,
): void {
  const updated_at = core.clock.now()
  const after = results.map(([command, result]): StoredCommand => ({ ...command, ...result, updated_at }))
  const all = [...events, ...after.map(commandEvent)]
  const work = () => {
    for (const command of after) core.store.commands.update(command.id, command.state, command.error, updated_at)
  }
  update(core, id, all, {
    ...(ending ? { ending } : {}),
    ...(after.length > 0 ? { durability: 'synced', work } : {}),
  })
}

/** Asks the engine again a little later; a prompt that it then has no answer to is given up. */
export function scheduleRecheck(core: Core, id: SessionId): void {
  const live = liveOf(core, id)
  live.recheckTimer ??= core.clock.after(RECHECK_MS, () => {
    live.recheckTimer = null
    core.tasks.run(() => recheck(core, id))
  })
}

async function recheck(core: Core, id: SessionId): Promise<void> {
  try {
    await reconcile(core, id)
  } catch (error) {
    core.log('the engine did not say how a session stands', error)
    if (!core.closing && core.journal.session(id)) scheduleRecheck(core, id)
  }
}

/**
 * Reads what the engine says about a session and journals the difference. Events that arrive meanwhile are newer than
 * the answer and win. Does nothing when the engine has no such session; throws what the engine throws.
 */
export async function reconcile(core: Core, id: SessionId): Promise<void> {
  const row = core.journal.session(id)
  const handle = row && handleOf(row)
  if (!handle || core.closing) return
  const live = liveOf(core, id)
  // Whoever reads already will journal the same.
  if (live.reading) return
  const touched = new Touched()
  live.reading = touched
  let engine: EngineState
  let children: Awaited<ReturnType<Core['engine']['listChildren']>>
  try {
    engine = await core.engine.readState(handle)
    children = await core.engine.listChildren(handle)
  } catch (cause) {
    if (!(cause instanceof PilotError && cause.code === 'SESSION_NOT_FOUND')) throw cause
    if (!core.closing && core.journal.session(id)) forgotten(core, id)
    return
  } finally {
    live.reading = null
  }
  if (core.closing || !core.journal.session(id)) return
  if (!touched.run) live.run = engine.run
  update(core, id, difference(core.journal.state(id), engine, touched, now(core)))
  for (const ask of engine.permissions) if (!touched.ids.has(ask.id)) openPermission(core, id, ask)
  for (const ask of engine.questions) if (!touched.ids.has(ask.id)) openQuestion(core, id, ask)
  loseAsks(core, id, engine, touched)
  if (live.run.status === 'idle') settleTurn(core, id, { asked: true })
  else scheduleChanges(core, id)
  releaseLive(core, id)
  // A sub-agent that was started unheard may be waiting for an answer.
  for (const child of children) {
    const adopted = adoptChild(core, id, child)
    if (adopted) await reconcile(core, adopted)
  }
}

/** The engine has no such session any more: what ran is interrupted, and the next prompt gets a new one. */
export function forgotten(core: Core, id: SessionId): void {
  interrupt(core, id, FORGOTTEN)
  update(core, id, [], { change: { external_id: null }, durability: 'synced' })
}

/** Ends everything that a session was doing because its engine is gone. */
export function interrupt(core: Core, id: SessionId, error: AgentError): void {
  const live = liveOf(core, id)
  live.run = { status: 'idle' }
  live.aborting = null
  live.failed = null
  if (live.reading) live.reading.run = true
  const closing = closeOpen(core.journal.state(id), 'interrupted', now(core))
  const results = core.store.commands
    .open(id)
    .filter((command) => command.request.kind === 'prompt' && command.state === 'running')
    .map((command) => [command, { state: 'interrupted', error }] as const)
  loseAsks(core, id, NO_ASKS)
  finish(core, id, closing, results, { kind: 'interrupted', error })
  releaseLive(core, id)
}
