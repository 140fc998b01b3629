import type { EngineEvent } from '../engine.ts'
import { isAbort, translateError } from './errors.ts'
import {
  isDefaultTitle,
  translateMessage,
  translatePermission,
  translateQuestion,
  translateStatus,
  translateTodos,
} from './translate.ts'
import { translatePart } from './translate-part.ts'
import type { WireEvent, WirePermission } from './wire.ts'

/** Remembers the newest `limit` entries. */
export class RecentMap<V> {
  readonly #entries = new Map<string, V>()
  readonly #limit: number
  constructor(limit: number) {
    this.#limit = limit
  }
  get(key: string): V | undefined {
    return this.#entries.get(key)
  }
  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    const oldest = this.#entries.keys().next().value
    if (this.#entries.size > this.#limit && oldest !== undefined) this.#entries.delete(oldest)
  }
  delete(key: string): boolean {
    return this.#entries.delete(key)
  }
}

export interface EventTranslator {
  translate(event: WireEvent): EngineEvent[]
  /** Reports the rest of an ask after all, because it could not be allowed without a person. */
  reveal(permissionId: string): void
  /** The part that a tool call is shown as, once it was seen. */
  partOfCall(callId: string): string | null
  rememberCall(callId: string, partId: string): void
  messageOfPart(partId: string): string | null
  rememberPart(partId: string, messageId: string): void
}

/**
 * Turns OpenCode's events into neutral ones. Holds only small bounded memories: of what was last said of a message and
 * title (OpenCode repeats itself), and which part belongs to which call. `autoAllow` decides a permission without a
 * person: such an ask and its reply are not reported.
 */
export function createEventTranslator(
  autoAllow: (permission: WirePermission, directory: string) => boolean,
): EventTranslator {
  const lastMessage = new RecentMap<string>(2_000)
  const lastTitle = new RecentMap<string>(2_000)
  const partOfCall = new RecentMap<string>(5_000)
  const messageOfPart = new RecentMap<string>(20_000)
  const silent = new RecentMap<true>(1_000)

  return {
    reveal(permissionId) {
      silent.delete(permissionId)
    },
    partOfCall: (callId) => partOfCall.get(callId) ?? null,
    rememberCall: (callId, partId) => partOfCall.set(callId, partId),
    messageOfPart: (partId) => messageOfPart.get(partId) ?? null,
    rememberPart: (partId, messageId) => messageOfPart.set(partId, messageId),
    translate({ directory = '/', payload }) {
      switch (payload.type) {
        case 'server.connected':
          return []
        case 'session.created': {
          const { info } = payload.properties
          const title = isDefaultTitle(info.title) ? '' : info.title
          lastTitle.set(info.id, title)
          return [
            {
              type: 'session.created',
              external_id: info.id,
              parent_external_id: info.parentID ?? null,
              directory: info.directory,
              title,
            },
          ]
        }
        case 'session.updated': {
          const { info } = payload.properties
          if (isDefaultTitle(info.title) || lastTitle.get(info.id) === info.title) return []
          lastTitle.set(info.id, info.title)
          return [{ type: 'session.title', external_id: info.id, title: info.title }]
        }
        case 'session.deleted':
          return [{ type: 'session.removed', external_id: payload.properties.sessionID }]
        case 'session.status': {
          const { sessionID, status } = payload.properties
          return [{ type: 'run', external_id: sessionID, run: translateStatus(status) }]
        }
        case 'session.error': {
          const { sessionID, error } = payload.properties
          if (!sessionID || !error || isAbort(error)) return []
          return [{ type: 'failed', external_id: sessionID, error: translateError(error) }]
        }
        case 'message.updated': {
          const message = translateMessage(payload.properties.info)
          const text = JSON.stringify(message)
          if (lastMessage.get(message.id) === text) return []
          lastMessage.set(message.id, text)
          return [{ type: 'message', external_id: payload.properties.sessionID, message }]
        }
        case 'message.removed': {
          const { sessionID, messageID } = payload.properties
          return [{ type: 'message.removed', external_id: sessionID, message_id: messageID }]
        }
        case 'message.part.updated': {
          const { part: wire, sessionID } = payload.properties
          const part = translatePart(wire, directory)
          if (!wire || !part) return []
          messageOfPart.set(wire.id, wire.messageID)
          if (wire.type === 'tool') partOfCall.set(wire.callID, wire.id)
          return [{ type: 'part', external_id: sessionID, message_id: wire.messageID, part }]
        }
        case 'message.part.delta': {
          const { sessionID, messageID, partID, field, delta } = payload.properties
          if (field !== 'text' || delta === '') return []
          return [{ type: 'part.delta', external_id: sessionID, message_id: messageID, part_id: partID, text: delta }]
        }
        case 'message.part.removed': {
          const { sessionID, messageID, partID } = payload.properties
          return [{ type: 'part.removed', external_id: sessionID, message_id: messageID, part_id: partID }]
        }
        case 'permission.asked': {
          const wire = payload.properties
          if (autoAllow(wire, directory)) {
            silent.set(wire.id, true)
            return []
          }
          const partId = wire.tool ? (partOfCall.get(wire.tool.callID) ?? null) : null
          const permission = translatePermission(wire, directory, partId)
          return [{ type: 'permission.asked', external_id: wire.sessionID, permission }]
        }
        case 'permission.replied': {
          const { sessionID, requestID, reply } = payload.properties
          if (silent.delete(requestID)) return []
          const outcome = reply === 'reject' ? 'rejected' : reply
          return [{ type: 'permission.replied', external_id: sessionID, permission_id: requestID, outcome }]
        }
        case 'question.asked': {
          const wire = payload.properties
          return [{ type: 'question.asked', external_id: wire.sessionID, question: translateQuestion(wire) }]
        }
        case 'question.replied': {
          const { sessionID, requestID, answers } = payload.properties
          return [{ type: 'question.replied', external_id: sessionID, question_id: requestID, answers }]
        }
        case 'question.rejected': {
          const { sessionID, requestID } = payload.properties
          return [{ type: 'question.replied', external_id: sessionID, question_id: requestID, answers: null }]
        }
        case 'todo.updated': {
          const { sessionID, todos } = payload.properties
          return [{ type: 'todos', external_id: sessionID, todos: translateTodos(todos) }]
        }
      }
    },
  }
}
