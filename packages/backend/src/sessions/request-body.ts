import { PilotError } from '@pilot/domain/errors'
import type { Context } from 'hono'
import type { z } from 'zod'

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads and checks a JSON body of at most `maxBytes`. Throws PAYLOAD_TOO_LARGE, or VALIDATION_FAILED with the fields in
 * `details.issues`.
 */
export async function readBody<T>(c: Context, schema: z.ZodType<T>, maxBytes: number): Promise<T> {
  const bytes = await readBytes(c.req.raw, maxBytes)
  let value: unknown
  try {
    value = JSON.parse(decoder.decode(bytes))
  } catch {
    throw new PilotError('VALIDATION_FAILED', 'The body is not valid JSON in UTF-8.')
  }
  return check(schema, value)
}

/** Checks a value at the boundary. Throws PAYLOAD_TOO_LARGE for a text that is too long, else VALIDATION_FAILED. */
export function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues.slice(0, 10).map((issue) => ({
    path: issue.path.map(String).join('.').slice(0, 200),
    code: issue.code,
    message: issue.message.slice(0, 300),
  }))
  const [first] = issues
  const tooLong = first?.code === 'too_big' && first.path === 'text'
  const message = first ? `${first.path ? `"${first.path}" ` : 'The request '}${first.message}` : undefined
  throw new PilotError(tooLong ? 'PAYLOAD_TOO_LARGE' : 'VALIDATION_FAILED', message, {
    issues: issues.map(({ path, message }) => ({ path, message })),
  })
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw new PilotError('PAYLOAD_TOO_LARGE')
  if (!request.body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      size += value.length
      // Leaving the loop cancels the body: nothing more of it is taken in.
      if (size > maxBytes) throw new PilotError('PAYLOAD_TOO_LARGE')
      chunks.push(value)
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}
