import { COMMAND_FINAL, type Command } from '@pilot/protocol/agent/command'
import type { SessionState } from '@pilot/protocol/agent/fold'
import type { MessageWithParts, Part, Permission, Todo, ToolPart } from '@pilot/protocol/agent/model'

/** A prompt that the machine has not confirmed, as the outbox knows it. */
export interface PendingPrompt {
  id: string
  text: string
  state: 'waiting' | 'sending' | 'unconfirmed' | 'held' | 'refused'
  created_at: string
  error: { code: string; message: string } | null
}

/** One line of the transcript. Rows of messages that did not change are the same objects. */
export type Row =
  | { key: string; type: 'user'; message: MessageWithParts; text: string; command: Command | null }
  | { key: string; type: 'prompt'; text: string; created_at: string; command: Command }
  | { key: string; type: 'pending'; prompt: PendingPrompt }
  | { key: string; type: 'text'; part: Extract<Part, { type: 'text' }>; live: boolean }
  | { key: string; type: 'reasoning'; part: Extract<Part, { type: 'reasoning' }>; live: boolean }
  | { key: string; type: 'tools'; parts: readonly ToolPart[] }
  | { key: string; type: 'note'; text: string }
  | { key: string; type: 'end'; message: MessageWithParts }
  | { key: string; type: 'todos'; todos: readonly Todo[] }
  | { key: string; type: 'working'; label: string }

const cache = new WeakMap<MessageWithParts, { command: Command | null; rows: Row[] }>()

/** The rows of a session, oldest first. */
export function buildRows(state: SessionState, pending: readonly PendingPrompt[]): Row[] {
  const commands = new Map(state.commands.map((command) => [command.id, command]))
  const loose = looseCommands(state)
  const rows: Row[] = []
  let next = 0
  for (const message of state.messages) {
    if (message.role === 'user') {
      // A prompt that never became a message stands where it was given, between the turns of its time.
      for (let command = loose[next]; command && isBefore(command, message); command = loose[++next]) {
        rows.push(promptRow(command))
      }
    }
    rows.push(...rowsOf(message, message.command_id === null ? null : (commands.get(message.command_id) ?? null)))
  }
  if (state.todos.some((todo) => todo.status !== 'cancelled')) {
    rows.push({ key: 'todos', type: 'todos', todos: state.todos })
  }
  const working = workingLabel(state)
  const prompts = loose.slice(next).map(promptRow)
  const work: Row[] = working ? [{ key: 'working', type: 'working', label: working }] : []
  // What goes on belongs to the answer above, or else to the prompt that was given last.
  const answering = state.messages.at(-1)?.status === 'running'
  rows.push(...(answering ? [...work, ...prompts] : [...prompts, ...work]))
  const known = new Set(state.commands.map((command) => command.id as string))
  for (const prompt of pending) {
    if (!known.has(prompt.id)) rows.push({ key: prompt.id, type: 'pending', prompt })
  }
  return rows
}

/** Prompts that have no message among the loaded ones, oldest first. */
function looseCommands(state: SessionState): Command[] {
  const shown = new Set(state.messages.map((message) => (message.role === 'user' ? message.command_id : null)))
  const messages = new Set(state.messages.map((message) => message.id))
  const first = state.messages[0]
  return state.commands
    .filter((command) => {
      if (command.kind !== 'prompt' || command.text === null || command.state === 'done') return false
      if (shown.has(command.id) || (command.message_id !== null && messages.has(command.message_id))) return false
      // Of an older page, unless it still goes on.
      return !COMMAND_FINAL.has(command.state) || !first || first.created_at <= command.created_at
    })
    .toSorted((a, b) => (a.created_at < b.created_at ? -1 : 1))
}

function isBefore(command: Command, message: MessageWithParts): boolean {
  return COMMAND_FINAL.has(command.state) && command.created_at < message.created_at
}

function promptRow(command: Command): Row {
  return { key: command.id, type: 'prompt', text: command.text ?? '', created_at: command.created_at, command }
}

function rowsOf(message: MessageWithParts, command: Command | null): Row[] {
  const known = cache.get(message)
  if (known && known.command === command) return known.rows
  const rows = message.role === 'user' ? userRows(message, command) : assistantRows(message)
  cache.set(message, { command, rows })
  return rows
}

function userRows(message: MessageWithParts, command: Command | null): Row[] {
  const text = message.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n')
  // The row keeps the command's id as its key, so that it stays in place when the prompt becomes a message.
  return [
    { key: message.command_id ?? message.id, type: 'user', message, text: text || (command?.text ?? ''), command },
  ]
}

function assistantRows(message: MessageWithParts): Row[] {
  const rows: Row[] = []
  let tools: ToolPart[] | null = null
  for (const part of message.parts) {
    if (part.type === 'tool') {
      // The to-do list has a card of its own.
      if (part.tool === 'todowrite' || part.tool === 'todoread') continue
      if (tools) tools.push(part)
      else {
        tools = [part]
        rows.push({ key: `${message.id}/${part.id}`, type: 'tools', parts: tools })
      }
      continue
    }
    const key = `${message.id}/${part.id}`
    if (part.type === 'text' && part.text.trim() !== '') {
      rows.push({ key, type: 'text', part, live: !part.done && message.status === 'running' })
    } else if (part.type === 'reasoning' && part.text.trim() !== '') {
      rows.push({ key, type: 'reasoning', part, live: !part.done && message.status === 'running' })
    } else if (part.type === 'note') rows.push({ key, type: 'note', text: part.text })
    else if (part.type === 'file') rows.push({ key, type: 'note', text: part.name })
    else continue
    tools = null
  }
  if (message.status === 'failed' || message.status === 'interrupted' || message.status === 'aborted') {
    rows.push({ key: `${message.id}/end`, type: 'end', message })
  }
  return rows
}

/** What stands at the end while something is going on and no text is growing there. */
function workingLabel(state: SessionState): string | null {
  const session = state.session
  if (!session || (session.status !== 'busy' && session.status !== 'retry')) return null
  if (session.status === 'retry') return session.error?.message ?? 'Trying again'
  const last = state.messages.at(-1)
  const part = last?.role === 'assistant' ? last.parts.at(-1) : undefined
  if (part?.type === 'text' && !part.done && part.text !== '') return null
  if (part?.type === 'reasoning' && !part.done) return 'Thinking'
  return part?.type === 'tool' && part.status === 'running' ? null : 'Working'
}

/** The oldest request that a person has to answer. */
export function openPermission(state: SessionState): Permission | null {
  return state.permissions.find((permission) => permission.resolution === null) ?? null
}
