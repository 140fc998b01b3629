import type { HostSpec } from '@pilot/backend/terminal/host/record'
import { clampSize } from '@pilot/backend/terminal/host/sizes'

/** Longest spec that is read: an environment is most of it. */
const SPEC_MAX = 4 * 1024 * 1024

/**
 * Reads what to start from the first line of stdin. Checked by hand, see `limits.ts`; the launcher is this program's own
 * daemon. Null when it makes no sense.
 */
export async function readSpec(stdin: ReadableStream<Uint8Array>): Promise<HostSpec | null> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stdin) {
    text += decoder.decode(chunk, { stream: true })
    if (text.includes('\n') || text.length > SPEC_MAX) break
  }
  try {
    return parseSpec(JSON.parse(text))
  } catch {
    return null
  }
}

export function parseSpec(value: unknown): HostSpec | null {
  if (!isObject(value) || !isObject(value.layer) || !isObject(value.env)) return null
  const { terminal_id, root, temporary, cwd, cols, rows, layer } = value
  if (!isText(terminal_id) || !/^[a-z0-9_]+$/.test(terminal_id)) return null
  if (!isText(root) || !isText(temporary) || !isText(cwd)) return null
  if (typeof cols !== 'number' || typeof rows !== 'number') return null
  const env: Record<string, string> = {}
  for (const [name, entry] of Object.entries(value.env)) if (typeof entry === 'string') env[name] = entry
  const common = { terminal_id, root, temporary, cwd, env, ...clampSize(cols, rows) }
  const argv = Array.isArray(layer.argv) ? layer.argv.filter(isText) : []
  if (layer.kind === 'pty') return argv.length > 0 ? { ...common, layer: { kind: 'pty', argv } } : null
  if (layer.kind !== 'tmux' || !isText(layer.session)) return null
  const server = isText(layer.server) ? layer.server : null
  return { ...common, layer: { kind: 'tmux', session: layer.session, own: layer.own === true, server, argv } }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
