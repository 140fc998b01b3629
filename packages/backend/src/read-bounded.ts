import { PilotError } from '@pilot/domain/errors'

/**
 * The text of a body, read piece by piece and given up once it is above `maxBytes`, whatever its Content-Length said.
 * Throws PAYLOAD_TOO_LARGE, or VALIDATION_FAILED when it is not UTF-8.
 */
export async function readBounded(request: Request, maxBytes: number): Promise<string> {
  if (!request.body) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.length
    if (size > maxBytes) throw new PilotError('PAYLOAD_TOO_LARGE')
    chunks.push(chunk)
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(whole)
  } catch (cause) {
    throw new PilotError('VALIDATION_FAILED', 'The body is not valid UTF-8.', undefined, { cause })
  }
}
