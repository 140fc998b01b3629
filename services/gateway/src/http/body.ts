import { PilotError } from '@pilot/domain/errors'
import type { z } from 'zod'

/** Largest JSON body, in bytes. */
export const BODY_LIMIT = 1_048_576
/** Deepest nesting of a JSON body. */
const DEPTH_LIMIT = 32

const tooLarge = (limit: number) =>
  new PilotError('PAYLOAD_TOO_LARGE', `The request is larger than ${Math.floor(limit / 1024)} KiB.`)

/**
 * Reads a body as text while counting what really arrives; the declared length is only used to refuse early.
 * Throws PAYLOAD_TOO_LARGE as soon as the limit is passed.
 */
export async function readText(request: Request, limit = BODY_LIMIT): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge(limit)
  if (!request.body) return ''
  const reader = request.body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      size += value.byteLength
      if (size > limit) throw tooLarge(limit)
      chunks.push(value)
    }
  } catch (cause) {
    await reader.cancel().catch(() => undefined)
    if (cause instanceof PilotError) throw cause
    throw new PilotError('CANCELLED', 'The request ended before its body was complete.', undefined, { cause })
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    throw new PilotError('VALIDATION_FAILED', 'The body is not valid UTF-8.')
  }
}

/** Parses JSON that came from outside. Throws VALIDATION_FAILED when broken, too deep or holding a lone surrogate. */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new PilotError('VALIDATION_FAILED', 'The body is not valid JSON.')
  }
  check(value, 0)
  return value
}

function check(value: unknown, depth: number): void {
  if (depth > DEPTH_LIMIT) throw new PilotError('VALIDATION_FAILED', 'The body is nested too deeply.')
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new PilotError('VALIDATION_FAILED', 'The body holds a broken character.')
  } else if (Array.isArray(value)) {
    for (const item of value) check(item, depth + 1)
  } else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      check(key, depth)
      check(item, depth + 1)
    }
  }
}

/** Reads and validates a JSON body. */
export async function readJson<T extends z.ZodType>(request: Request, schema: T): Promise<z.output<T>> {
  return validate(schema, parseJson(await readText(request)))
}

/** Validates a value; the first problem becomes the sentence of the error. */
export function validate<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw validationError(parsed.error.issues)
}

/** VALIDATION_FAILED out of the issues of a failed parse; names fields, never repeats values. */
export function validationError(issues: readonly { path: PropertyKey[]; message: string }[]): PilotError {
  const shown = issues.slice(0, 10).map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }))
  const first = shown[0]
  const message = first ? `${first.path ? `"${first.path}": ` : ''}${first.message}` : undefined
  return new PilotError('VALIDATION_FAILED', message, { issues: shown })
}

/** A stream that passes bytes through and fails with PAYLOAD_TOO_LARGE once more than `limit` went by. */
export function countedStream(limit: number, onExceeded: () => void): TransformStream<Uint8Array, Uint8Array> {
  let size = 0
  return new TransformStream({
    transform(chunk, controller) {
      size += chunk.byteLength
      if (size > limit) {
        onExceeded()
        controller.error(tooLarge(limit))
      } else controller.enqueue(chunk)
    },
  })
}
