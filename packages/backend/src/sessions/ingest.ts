import { isId } from '@pilot/domain/ids'
import type { Part, ToolPart } from '@pilot/protocol/agent/model'
import type { EngineEvent } from '../engine/engine.ts'
import { openPermission, openQuestion, ownerOf, resolvePermission, resolveQuestion } from './asks.ts'
import { boundMessage, boundTodos, headBytes, OUTPUT_BYTES } from './bound.ts'
import { scheduleChanges } from './changes.ts'
import { type Core, liveOf, now, update } from './core.ts'
import { stopAgain } from './dispatch-abort.ts'
import { appendedText, partEvents, same } from './part-events.ts'
import type { OwnedKind, SessionId } from './store/rows.ts'
import { adoptChild } from './sub-agents.ts'
import { forgotten, interrupt, reconcile, scheduleRecheck, settleTurn } from './turn.ts'

type SessionEvent = Extract<EngineEvent, { external_id: string }>

/** A growing output is stored again after this many more bytes, and at its end. */
const OUTPUT_STEP_BYTES = 64 * 1024
/** Tools that can have changed files. */
const CHANGING: ReadonlySet<string> = new Set(['edit', 'delete', 'move', 'execute', 'other'])
/** What the engine calls a session until it has something better. */
const PLACEHOLDER_TITLE = /^(New|Child) session - /

/** Takes one event of the engine into the journals. Never throws: what cannot be stored is read again later. */
export function ingest(core: Core, event: EngineEvent): void {
  if (core.closing) return
  switch (event.type) {
    case 'gap':
    case 'up':
      rereadActive(core)
      return
    case 'down':
      for (const id of activeSessions(core)) {
        core.downed.add(id)
        guarded(core, id, () => interrupt(core, id, event.reason))
      }
      return
    case 'session.created':
      created(core, event)
      return
    default: {
      const id = core.store.ownership.owner('session', event.external_id)?.session_id
      if (id && core.journal.session(id)) guarded(core, id, () => ingestOne(core, id, event))
    }
  }
}

function created(core: Core, event: Extract<EngineEvent, { type: 'session.created' }>): void {
  const { parent_external_id } = event
  const parent = parent_external_id && core.store.ownership.owner('session', parent_external_id)?.session_id
  if (parent) guarded(core, parent, () => adoptChild(core, parent, event))
}

function guarded(core: Core, id: SessionId, work: () => void): void {
  try {
    work()
  } catch (error) {
    core.log('an event of the engine could not be stored', error)
    if (core.journal.session(id)) scheduleRecheck(core, id)
  }
}

/** Sessions that something was going on in. */
function activeSessions(core: Core): SessionId[] {
  const working = core.store.sessions
    .list({})
    .filter(({ session }) => ['busy', 'retry', 'waiting'].includes(session.status))
    .map(({ id }) => id)
  const live = [...core.lives].filter(([, { run }]) => run.status !== 'idle').map(([id]) => id)
  return [...new Set([...working, ...live])]
}

function rereadActive(core: Core): void {
  for (const id of new Set([...activeSessions(core), ...core.downed])) {
    core.downed.delete(id)
    core.tasks.run(async () => {
      try {
        await reconcile(core, id)
      } catch (error) {
        core.log('a session could not be read again', error)
        if (core.journal.session(id)) scheduleRecheck(core, id)
      }
    })
  }
}

function ingestOne(core: Core, id: SessionId, event: Exclude<SessionEvent, { type: 'session.created' }>): void {
  const { journal } = core
  const reading = core.lives.get(id)?.reading
  switch (event.type) {
    case 'session.title':
      titled(core, id, event.title)
      return
    case 'session.removed':
      forgotten(core, id)
      return
    case 'run': {
      const live = liveOf(core, id)
      if (reading) reading.run = true
      live.run = event.run
      if (event.run.status === 'idle') {
        settleTurn(core, id)
        return
      }
      if (live.aborting) core.tasks.inLane(`abort:${id}`, () => stopAgain(core, id))
      update(core, id, [])
      return
    }
    case 'failed':
      failed(core, id, event)
      return
    case 'message': {
      reading?.ids.add(event.message.id)
      const message = boundMessage(event.message)
      const known = journal.state(id).messages.find((other) => other.id === message.id)
      if (known && same({ ...known, parts: null, command_id: null }, { ...message, parts: null, command_id: null }))
        return
      update(core, id, [{ type: 'message.upserted', message }], { work: claim(core, id, 'message', message.id) })
      return
    }
    case 'message.removed':
      reading?.ids.add(event.message_id)
      update(core, id, [{ type: 'message.removed', message_id: event.message_id }])
      return
    case 'part':
      reading?.ids.add(event.part.id)
      part(core, id, event.message_id, event.part)
      return
    case 'part.delta':
      reading?.ids.add(event.part_id)
      delta(core, id, event)
      return
    case 'part.removed':
      reading?.ids.add(event.part_id)
      update(core, id, [{ type: 'part.removed', message_id: event.message_id, part_id: event.part_id }])
      return
    case 'permission.asked':
      reading?.ids.add(event.permission.id)
      working(core, id)
      openPermission(core, id, event.permission)
      return
    case 'question.asked':
      reading?.ids.add(event.question.id)
      working(core, id)
      openQuestion(core, id, event.question)
      return
    case 'permission.replied': {
      reading?.ids.add(event.permission_id)
      const reply = core.replying.get(event.permission_id)
      const message = reply?.message === undefined ? {} : { message: reply.message }
      const resolution = { outcome: event.outcome, by: reply?.actor ?? null, at: now(core), ...message }
      resolvePermission(core, ownerOf(core, 'permission', event.permission_id, id), event.permission_id, resolution)
      return
    }
    case 'question.replied': {
      reading?.ids.add(event.question_id)
      resolveQuestion(core, ownerOf(core, 'question', event.question_id, id), event.question_id, {
        outcome: event.answers ? 'answered' : 'rejected',
        answers: event.answers ?? [],
        by: core.replying.get(event.question_id)?.actor ?? null,
        at: now(core),
      })
      return
    }
    case 'todos': {
      if (reading) reading.todos = true
      const todos = boundTodos(event.todos)
      if (!same(todos, journal.state(id).todos)) update(core, id, [{ type: 'todos.updated', todos }])
    }
  }
}

/** An ask proves that the engine works on the session, should the event that says so be missing. */
function working(core: Core, id: SessionId): void {
  const live = liveOf(core, id)
  if (live.run.status === 'idle') live.run = { status: 'busy' }
}

function claim(core: Core, id: SessionId, kind: OwnedKind, externalId: string): () => void {
  const workspace_id = core.journal.session(id)?.workspace_id
  return () => {
    if (workspace_id) core.store.ownership.claim(kind, externalId, { session_id: id, workspace_id })
  }
}

function titled(core: Core, id: SessionId, title: string): void {
  const row = core.journal.session(id)
  const text = title.replace(/\s+/g, ' ').trim().slice(0, 200).toWellFormed()
  if (!row || row.title_by_user || text === '' || PLACEHOLDER_TITLE.test(text) || text === row.session.title) return
  update(core, id, [{ type: 'session.updated', session: { ...row.session, title: text } }])
}

function failed(core: Core, id: SessionId, { error }: Extract<EngineEvent, { type: 'failed' }>): void {
  const live = liveOf(core, id)
  // An abort is reported as a failure too; the person knows.
  if (live.aborting) return
  live.failed = error
  // Told after the engine became idle: the end of the turn was waiting for it.
  if (live.run.status === 'idle') settleTurn(core, id)
}

function part(core: Core, id: SessionId, messageId: string, reported: Part): void {
  const message = core.journal.state(id).messages.findLast((other) => other.id === messageId)
  if (!message) return
  const known = message.parts.findLast((other) => other.id === reported.id)
  const next = reported.type === 'tool' ? withChild(core, reported, known) : reported
  const events = partEvents(messageId, known, next)
  if (events.length === 0) return
  if (next.type === 'tool') storeOutput(core, id, next)
  const [only] = events
  if (events.length === 1 && only?.type === 'part.appended' && !only.done) core.journal.appendText(id, only)
  else update(core, id, events)
  const ended = next.type === 'tool' && next.status !== 'pending' && next.status !== 'running'
  if (ended && CHANGING.has(next.kind)) scheduleChanges(core, id)
}

/** The engine names a sub-agent's session by its own id, or not at all. */
function withChild(core: Core, reported: ToolPart, known: Part | undefined): ToolPart {
  const named = reported.child_session_id
  if (named && isId('agent_session', named)) return reported
  const owned = named ? core.store.ownership.owner('session', named)?.session_id : undefined
  const before = known?.type === 'tool' ? known.child_session_id : null
  return { ...reported, child_session_id: owned ?? before }
}

function storeOutput(core: Core, id: SessionId, tool: ToolPart): void {
  // Shorter strings cannot have more bytes than are kept in the part itself.
  if (tool.output.length * 3 <= OUTPUT_BYTES || headBytes(tool.output, OUTPUT_BYTES) === tool.output) return
  const bytes = Math.max(tool.output_bytes, Buffer.byteLength(tool.output))
  const ended = tool.status !== 'pending' && tool.status !== 'running'
  const stored = core.store.outputs.bytes(id, tool.id)
  if (!ended && stored > 0 && bytes - stored < OUTPUT_STEP_BYTES) return
  core.store.commit('written', () => core.store.outputs.save(id, tool.id, tool.output, bytes, core.clock.now()))
}

function delta(core: Core, id: SessionId, event: Extract<EngineEvent, { type: 'part.delta' }>): void {
  const message = core.journal.state(id).messages.findLast((other) => other.id === event.message_id)
  const known = message?.parts.findLast((other) => other.id === event.part_id)
  if (!known || event.text === '') return
  if (known.type !== 'text' && known.type !== 'reasoning') return
  for (const piece of appendedText(event.message_id, event.part_id, 'text', known.text.length, event.text))
    core.journal.appendText(id, piece)
}
