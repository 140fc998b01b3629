import type { Id } from '@pilot/domain/ids'
import type { AgentEvent } from '@pilot/protocol/agent/event'
import type { SessionState } from '@pilot/protocol/agent/fold'
import type { Permission, Question } from '@pilot/protocol/agent/model'
import { boundPermission, boundQuestion } from './bound.ts'
import { type Core, now, update, withAncestors } from './core.ts'
import type { Touched } from './difference.ts'
import type { OwnedKind, SessionId } from './store/rows.ts'

/*
 * What an agent asks a person. A sub-agent's ask is shown on its own session and on every session above it; the
 * ownership table says whose it really is. The first answer wins; one that vanished with the engine is lost.
 */

export type PermissionOutcome = NonNullable<Permission['resolution']>
export type QuestionOutcome = NonNullable<Question['resolution']>

/** Shows an ask wherever it belongs. A known ask is not opened again. */
export function openPermission(core: Core, id: SessionId, permission: Permission): void {
  const event: AgentEvent = {
    type: 'permission.upserted',
    permission: boundPermission({ ...permission, resolution: null }),
  }
  open(core, id, 'permission', permission.id, event, (state) => state.permissions)
}

export function openQuestion(core: Core, id: SessionId, question: Question): void {
  const event: AgentEvent = { type: 'question.upserted', question: boundQuestion({ ...question, resolution: null }) }
  open(core, id, 'question', question.id, event, (state) => state.questions)
}

function open(
  core: Core,
  id: SessionId,
  kind: OwnedKind,
  externalId: string,
  event: AgentEvent,
  asks: (state: SessionState) => readonly { id: string }[],
): void {
  for (const shown of withAncestors(core, id)) {
    if (asks(core.journal.state(shown)).some((ask) => ask.id === externalId)) continue
    const workspace_id = core.journal.session(shown)?.workspace_id
    const claim = () => {
      if (workspace_id) core.store.ownership.claim(kind, externalId, { session_id: id, workspace_id })
    }
    update(core, shown, [event], { work: claim })
  }
}

/** Entries that answer an ask in one state; none when it is not there or answered already. */
export function permissionResolved(state: SessionState, askId: string, resolution: PermissionOutcome): AgentEvent[] {
  const ask = state.permissions.find((other) => other.id === askId)
  return ask?.resolution === null ? [{ type: 'permission.upserted', permission: { ...ask, resolution } }] : []
}

export function questionResolved(state: SessionState, askId: string, resolution: QuestionOutcome): AgentEvent[] {
  const ask = state.questions.find((other) => other.id === askId)
  return ask?.resolution === null ? [{ type: 'question.upserted', question: { ...ask, resolution } }] : []
}

/** Answers an ask wherever it is shown. */
export function resolvePermission(core: Core, owner: SessionId, askId: string, resolution: PermissionOutcome): void {
  for (const shown of withAncestors(core, owner)) {
    const events = permissionResolved(core.journal.state(shown), askId, resolution)
    if (events.length > 0) update(core, shown, events)
  }
}

export function resolveQuestion(core: Core, owner: SessionId, askId: string, resolution: QuestionOutcome): void {
  for (const shown of withAncestors(core, owner)) {
    const events = questionResolved(core.journal.state(shown), askId, resolution)
    if (events.length > 0) update(core, shown, events)
  }
}

/** Session that really asks; the one where it is shown when nothing else is known. */
export function ownerOf(core: Core, kind: 'permission' | 'question', askId: string, shownOn: SessionId): SessionId {
  return core.store.ownership.owner(kind, askId)?.session_id ?? shownOn
}

/** Closes every ask of a session that the engine no longer knows, except those in `pending`. */
export function loseAsks(
  core: Core,
  id: SessionId,
  pending: { permissions: readonly { id: string }[]; questions: readonly { id: string }[] },
  touched?: Touched,
): void {
  const at = now(core)
  const state = core.journal.state(id)
  const gone = (kind: 'permission' | 'question', ask: { id: string; resolution: unknown }) =>
    ask.resolution === null &&
    !touched?.ids.has(ask.id) &&
    !core.replying.has(ask.id) &&
    ownerOf(core, kind, ask.id, id) === id
  for (const ask of state.permissions)
    if (gone('permission', ask) && !pending.permissions.some((other) => other.id === ask.id))
      resolvePermission(core, id, ask.id, { outcome: 'lost', by: null, at })
  for (const ask of state.questions)
    if (gone('question', ask) && !pending.questions.some((other) => other.id === ask.id))
      resolveQuestion(core, id, ask.id, { outcome: 'lost', answers: [], by: null, at })
}

/** A stop answers everything that is still asked, in the name of the person who stopped. */
export function rejectAsks(core: Core, id: SessionId, by: Id<'user'> | null): void {
  const at = now(core)
  const state = core.journal.state(id)
  for (const ask of state.permissions)
    if (ask.resolution === null)
      resolvePermission(core, ownerOf(core, 'permission', ask.id, id), ask.id, { outcome: 'rejected', by, at })
  for (const ask of state.questions)
    if (ask.resolution === null)
      resolveQuestion(core, ownerOf(core, 'question', ask.id, id), ask.id, { outcome: 'rejected', answers: [], by, at })
}

export const NO_ASKS = { permissions: [], questions: [] } as const
