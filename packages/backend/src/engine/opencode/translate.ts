import type { Message, Permission, Question, Todo } from '@pilot/protocol/agent/model'
import type { EngineRun } from '../engine.ts'
import { agentError, isAbort, translateError } from './errors.ts'
import { timeOfId } from './ids.ts'
import { clip, relativePath, toolKind } from './translate-part.ts'
import type { WireMessage, WirePermission, WireQuestion, WireStatus } from './wire.ts'

const MAX_DETAIL_CHARS = 20_000

/** `command_id` is left to the session service. */
export function translateMessage(wire: WireMessage): Message {
  const { error, tokens, time } = wire
  return {
    id: wire.id,
    role: wire.role,
    command_id: null,
    created_at: new Date(time.created).toISOString(),
    completed_at: time.completed === undefined ? null : new Date(time.completed).toISOString(),
    status: messageStatus(wire),
    error: error && !isAbort(error) ? translateError(error) : null,
    usage: tokens
      ? {
          input_tokens: tokens.input,
          output_tokens: tokens.output,
          reasoning_tokens: tokens.reasoning,
          cache_read_tokens: tokens.cache.read,
          cost: wire.cost ?? 0,
        }
      : null,
  }
}

function messageStatus(wire: WireMessage): Message['status'] {
  if (wire.role === 'user') return 'completed'
  if (wire.error) return isAbort(wire.error) ? 'aborted' : 'failed'
  return wire.time.completed === undefined ? 'running' : 'completed'
}

export function translateStatus(status: WireStatus): EngineRun {
  if (status.type !== 'retry') return { status: status.type }
  return {
    status: 'retry',
    attempt: status.attempt,
    message: clip(status.message, 500),
    next_at: new Date(status.next).toISOString(),
  }
}

/** `partId` is the tool call that waits for the answer. */
export function translatePermission(wire: WirePermission, directory: string, partId: string | null): Permission {
  const { title, detail } = describe(wire, directory)
  return {
    id: wire.id,
    kind: wire.permission === 'external_directory' ? 'read' : toolKind(wire.permission),
    title,
    detail: clip(detail, MAX_DETAIL_CHARS),
    always: wire.always.slice(0, 50),
    part_id: partId,
    asked_at: timeOfId(wire.id),
    resolution: null,
  }
}

function describe(wire: WirePermission, directory: string): { title: string; detail: string } {
  const { metadata, patterns } = wire
  const text = (key: string) => (typeof metadata[key] === 'string' ? metadata[key] : '')
  const listed = patterns.join('\n')
  switch (wire.permission) {
    case 'bash':
      return { title: 'Run a command', detail: text('command') || listed }
    case 'edit': {
      const path = text('filepath') ? relativePath(text('filepath'), directory) : listed
      const diff = text('diff')
      return { title: `Edit ${path}`, detail: diff === '' ? path : `${path}\n\n${diff}` }
    }
    case 'external_directory': {
      const target = text('command') || text('filepath')
      return {
        title: 'Use files outside the workspace',
        detail: target === '' ? listed : `${target}\n\nOutside: ${listed}`,
      }
    }
    case 'webfetch':
      return { title: 'Fetch a page from the internet', detail: text('url') || listed }
    case 'read':
      return { title: 'Read a file that may hold secrets', detail: listed }
    case 'doom_loop':
      return {
        title: 'Go on although the agent repeats itself',
        detail: `${text('tool') || listed} was called three times with the same input:\n${JSON.stringify(metadata.input ?? {}, null, 2)}`,
      }
    default:
      return { title: `Allow ${wire.permission}`, detail: listed }
  }
}

export function translateQuestion(wire: WireQuestion): Question {
  return {
    id: wire.id,
    asked_at: timeOfId(wire.id),
    items: wire.questions.map((item) => ({
      header: item.header,
      question: item.question,
      multiple: item.multiple ?? false,
      custom: item.custom ?? true,
      options: item.options.map(({ label, description }) => ({ label, description })),
    })),
    resolution: null,
  }
}

export function translateTodos(wire: { content: string; status: string; priority: string }[]): Todo[] {
  const status = (value: string): Todo['status'] =>
    value === 'in_progress' || value === 'completed' || value === 'cancelled' ? value : 'pending'
  const priority = (value: string): Todo['priority'] => (value === 'high' || value === 'low' ? value : 'medium')
  return wire.map((todo) => ({
    content: clip(todo.content, 1_000),
    status: status(todo.status),
    priority: priority(todo.priority),
  }))
}

/** OpenCode names a session like this until it has a title. */
export function isDefaultTitle(title: string): boolean {
  return /^(New|Child) session - \d{4}-\d\d-\d\dT/.test(title)
}

/** Reason of a `down` event. */
export function engineDown(message: string) {
  return agentError('AGENT_UNAVAILABLE', message)
}
