import { type ErrorCode, PilotError } from '@pilot/domain/errors'
import type { z } from 'zod'
import { REQUEST_ID_PATTERN, SCHEMA_VERSION } from './messages/base.ts'
import type { ErrorMessage } from './messages/error.ts'

/** Largest text message in bytes, per link and direction. */
export const TEXT_LIMIT = {
  /** Any link, until the peer has proven who it is. */
  before_auth: 4_096,
  /** Link R, both ways. */
  runtime: 1_048_576,
  /** Links W and O, browser to hub. */
  viewer_up: 65_536,
  /** Links W and O, hub to browser. */
  viewer_down: 262_144,
} as const

/** UTF-8 length of a text without keeping a copy of it. */
export function textBytes(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    if (unit < 0x800) bytes += 1
    else if (unit >= 0xd800 && unit <= 0xdbff && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
      bytes += 2
      index += 1
    } else bytes += 2
  }
  return bytes
}

/** A message as it is written in code: the envelope's version is added when it is encoded. */
export type Outgoing<M> = M extends unknown ? Omit<M, 'schema_version'> : never

/** The text of one message. */
export function encode(message: { type: string } & Record<string, unknown>): string {
  return JSON.stringify({ schema_version: SCHEMA_VERSION, ...message })
}

export type Decoded<M> =
  | { ok: true; message: M }
  /** `fatal`: the peer broke a limit and is closed with 4008; otherwise `reply` tells it what was wrong. */
  | { ok: false; fatal: boolean; code: ErrorCode; reply: string }

/** Builds the `error` text for a request. */
export function encodeError(cause: PilotError, requestId?: string): string {
  const error: Omit<ErrorMessage, 'schema_version'> = {
    type: 'error',
    request_id: requestId,
    code: cause.code,
    message: cause.message.slice(0, 2_000),
    retryable: cause.retryable,
  }
  return encode(error)
}

/**
 * Builds the decoder of one direction of one link. It never throws: whatever arrives becomes a message or a refusal.
 * A known type with wrong fields is VALIDATION_FAILED, an unknown type UNSUPPORTED_MESSAGE.
 */
export function createDecoder<O extends { type: string }>(
  schema: z.ZodType<O> & { options: readonly unknown[] },
  limit: number,
): (text: string) => Decoded<O> {
  const known = messageTypes(schema)
  const refuse = (code: ErrorCode, message: string, requestId?: string, fatal = false): Decoded<O> => ({
    ok: false,
    fatal,
    code,
    reply: encodeError(new PilotError(code, message), requestId),
  })
  return (text) => {
    if (text.length > limit || textBytes(text) > limit) {
      return refuse('PAYLOAD_TOO_LARGE', `A message may have at most ${limit} bytes.`, undefined, true)
    }
    let raw: unknown
    try {
      raw = JSON.parse(text)
    } catch {
      return refuse('VALIDATION_FAILED', 'The message is not JSON.')
    }
    const { type, request_id: id } = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {}
    const requestId = typeof id === 'string' && REQUEST_ID_PATTERN.test(id) ? id : undefined
    if (typeof type !== 'string') return refuse('VALIDATION_FAILED', 'The message has no type.', requestId)
    if (!known.has(type)) {
      return refuse('UNSUPPORTED_MESSAGE', `The message type "${type.slice(0, 64)}" is not known here.`, requestId)
    }
    const parsed = schema.safeParse(raw)
    if (parsed.success) return { ok: true, message: parsed.data }
    const at = parsed.error.issues[0]?.path.join('.') ?? ''
    return refuse('VALIDATION_FAILED', `The message "${type}" is not valid at "${at}".`, requestId)
  }
}

/** The message types of a union of messages. */
export function messageTypes(schema: { options: readonly unknown[] }): ReadonlySet<string> {
  const types = schema.options.map((option) => (option as { shape: { type: { value: string } } }).shape.type.value)
  return new Set(types)
}
