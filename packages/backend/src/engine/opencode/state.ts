import { PilotError } from '@pilot/domain/errors'
import type { MessageWithParts, Part } from '@pilot/protocol/agent/model'
import { z } from 'zod'
import type { EngineEvent, EngineRun, EngineSessionHandle, EngineState } from '../engine.ts'
import type { CallOptions, CallResult } from './client.ts'
import type { EventTranslator } from './event-translator.ts'
import {
  isDefaultTitle,
  translateMessage,
  translatePermission,
  translateQuestion,
  translateStatus,
  translateTodos,
} from './translate.ts'
import { translatePart } from './translate-part.ts'
import {
  WireMessagesSchema,
  type WirePermission,
  WirePermissionSchema,
  WireQuestionSchema,
  WireSessionSchema,
  WireStatusSchema,
  WireTodosSchema,
} from './wire.ts'

export type Get = (path: string, options: CallOptions) => Promise<CallResult>

export interface ReadStateOptions {
  get: Get
  translator: EventTranslator
  /** True for an ask that is answered without a person. */
  autoAllow: (permission: WirePermission) => boolean
}

/**
 * Reads what OpenCode stores of a session. A message or tool call that claims to run while the session is idle was cut
 * off (by a crash, a kill, a power cut): OpenCode leaves it as it was for ever, here it becomes `interrupted`.
 * Throws PilotError SESSION_NOT_FOUND or AGENT_UNAVAILABLE.
 */
export async function readStoredState(handle: EngineSessionHandle, options: ReadStateOptions): Promise<EngineState> {
  const { external_id: id, directory } = handle
  const get = async <T>(path: string, schema: z.ZodType<T>): Promise<T> => {
    const { status, json } = await options.get(path, { directory, timeoutMs: 30_000 })
    if (status === 404) throw new PilotError('SESSION_NOT_FOUND')
    const parsed = schema.safeParse(json)
    if (!parsed.success) {
      throw new PilotError('AGENT_UNAVAILABLE', 'The coding agent sent an answer that cannot be read.', undefined, {
        cause: parsed.error,
      })
    }
    return parsed.data
  }
  const readRun = async (): Promise<EngineRun> => {
    const status = (await get('/session/status', z.record(z.string(), WireStatusSchema)))[id]
    return status ? translateStatus(status) : { status: 'idle' }
  }
  const readMessages = async () =>
    toMessages(await get(`/session/${id}/message`, WireMessagesSchema), directory, options.translator)

  const before = await readRun()
  const [session, read, permissions, questions, todos] = await Promise.all([
    get(`/session/${id}`, WireSessionSchema),
    readMessages(),
    get('/permission', z.array(WirePermissionSchema)),
    get('/question', z.array(WireQuestionSchema)),
    get(`/session/${id}/todo`, WireTodosSchema),
  ])
  const run = await readRun()
  let messages = read
  if (before.status === 'idle' && run.status === 'idle' && messages.some(isOpen)) {
    // It may have begun and ended between the two looks at the status: then the second reading is closed.
    messages = (await readMessages()).map(interrupted)
  }
  return {
    title: isDefaultTitle(session.title) ? '' : session.title,
    run,
    messages,
    permissions: permissions
      .filter((permission) => permission.sessionID === id && !options.autoAllow(permission))
      .map((permission) => {
        const partId = permission.tool ? options.translator.partOfCall(permission.tool.callID) : null
        return translatePermission(permission, directory, partId)
      }),
    questions: questions.filter((question) => question.sessionID === id).map(translateQuestion),
    todos: translateTodos(todos),
  }
}

function toMessages(
  wire: z.infer<typeof WireMessagesSchema>,
  directory: string,
  translator: EventTranslator,
): MessageWithParts[] {
  return wire.map(({ info, parts }) => ({
    ...translateMessage(info),
    parts: parts.flatMap((part) => {
      if (part?.type === 'tool') translator.rememberCall(part.callID, part.id)
      if (part) translator.rememberPart(part.id, part.messageID)
      return translatePart(part, directory) ?? []
    }),
  }))
}

function isOpen(message: MessageWithParts): boolean {
  return message.status === 'running' || message.parts.some(isOpenPart)
}

function isOpenPart(part: Part): boolean {
  return part.type === 'tool' && (part.status === 'pending' || part.status === 'running')
}

function interrupted(message: MessageWithParts): MessageWithParts {
  if (!isOpen(message)) return message
  return {
    ...message,
    status: message.status === 'running' ? 'interrupted' : message.status,
    parts: message.parts.map((part): Part => {
      if (part.type === 'tool') return isOpenPart(part) ? { ...part, status: 'interrupted' } : part
      return part.type === 'text' || part.type === 'reasoning' ? { ...part, done: true } : part
    }),
  }
}

/**
 * Applies an event of the same session that arrived while its state was read: the reading may be older. Events carry
 * whole objects, so applying one that the reading holds already changes nothing.
 */
export function applyEvent(state: EngineState, event: EngineEvent): EngineState {
  switch (event.type) {
    case 'run':
      return { ...state, run: event.run }
    case 'session.title':
      return { ...state, title: event.title }
    case 'todos':
      return { ...state, todos: event.todos }
    case 'message': {
      const known = state.messages.find((message) => message.id === event.message.id)
      const next = { ...event.message, parts: known?.parts ?? [] }
      return { ...state, messages: upsert(state.messages, next) }
    }
    case 'message.removed':
      return { ...state, messages: state.messages.filter((message) => message.id !== event.message_id) }
    case 'part':
      return withParts(state, event.message_id, (parts) => upsert(parts, event.part))
    case 'part.removed':
      return withParts(state, event.message_id, (parts) => parts.filter((part) => part.id !== event.part_id))
    case 'permission.asked':
      return { ...state, permissions: upsert(state.permissions, event.permission) }
    case 'permission.replied':
      return { ...state, permissions: state.permissions.filter((each) => each.id !== event.permission_id) }
    case 'question.asked':
      return { ...state, questions: upsert(state.questions, event.question) }
    case 'question.replied':
      return { ...state, questions: state.questions.filter((each) => each.id !== event.question_id) }
    default:
      return state
  }
}

function withParts(state: EngineState, messageId: string, change: (parts: Part[]) => Part[]): EngineState {
  return {
    ...state,
    messages: state.messages.map((message) =>
      message.id === messageId ? { ...message, parts: change(message.parts) } : message,
    ),
  }
}

function upsert<T extends { id: string }>(items: T[], item: T): T[] {
  return items.some((each) => each.id === item.id)
    ? items.map((each) => (each.id === item.id ? item : each))
    : [...items, item]
}

/** Puts in the text that streams right now: OpenCode stores it only when a part ends. */
export function withLiveText(state: EngineState, liveText: (partId: string) => string | undefined): EngineState {
  return {
    ...state,
    messages: state.messages.map((message) => ({
      ...message,
      parts: message.parts.map((part) => {
        if (part.type !== 'text' && part.type !== 'reasoning') return part
        const live = part.done ? undefined : liveText(part.id)
        return live !== undefined && live.length > part.text.length ? { ...part, text: live } : part
      }),
    })),
  }
}
