import { open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { z } from 'zod'
import type { EngineSessionHandle } from '../engine.ts'
import type { Get } from './state.ts'
import { outputOf } from './translate-part.ts'
import { WireMessagesSchema, type WireToolPart } from './wire.ts'

/** More than this of one output is never read into memory. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024

type WireMessages = z.infer<typeof WireMessagesSchema>

/**
 * Whole output of a tool call, at most 16 MiB; null when the session has no such call. OpenCode keeps only the end of a
 * long output with the part and writes the whole to a file below its private root.
 */
export async function readToolOutput(
  handle: EngineSessionHandle,
  partId: string,
  options: { get: Get; messageId: string | null; root: string },
): Promise<string | null> {
  const part = await findToolPart(handle, partId, options)
  if (!part) return null
  const file = part.state.metadata?.outputPath
  const whole = typeof file === 'string' ? await readOwnFile(file, options.root) : null
  return whole ?? outputOf(part)
}

async function findToolPart(
  handle: EngineSessionHandle,
  partId: string,
  { get, messageId }: { get: Get; messageId: string | null },
): Promise<WireToolPart | null> {
  const { external_id: id, directory } = handle
  const base = `/session/${encodeURIComponent(id)}/message`
  const path = messageId === null ? base : `${base}/${encodeURIComponent(messageId)}`
  const { status, json } = await get(path, { directory, timeoutMs: 30_000 })
  if (status === 404) return null
  const parsed = WireMessagesSchema.safeParse(messageId === null ? json : [json])
  return parsed.success ? toolPart(parsed.data, partId) : null
}

function toolPart(messages: WireMessages, partId: string): WireToolPart | null {
  for (const { parts } of messages) {
    for (const part of parts) if (part?.type === 'tool' && part.id === partId) return part
  }
  return null
}

/** The path comes from stored data, so it is followed only below the engine's own root. */
async function readOwnFile(file: string, root: string): Promise<string | null> {
  try {
    const path = await realpath(file)
    if (!path.startsWith(join(await realpath(root), sep))) return null
    const handle = await open(path, 'r')
    try {
      const { size } = await handle.stat()
      const buffer = Buffer.alloc(Math.min(size, MAX_OUTPUT_BYTES))
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
      return buffer.toString('utf8', 0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch {
    return null
  }
}
