import type { HostSpec } from '@pilot/backend/terminal/host/record'
import { clampSize } from '@pilot/backend/terminal/host/sizes'
import { readInto, waitReadable } from './libc.ts'

/** Longest spec that is read: an environment is most of it. */
const SPEC_MAX = 4 * 1024 * 1024
const PIECE = 65_536
const WAIT_MS = 10_000

/**
 * Reads what to start from the first line of stdin, waiting for it. Checked by hand, see `limits.ts`; the launcher is
 * this program's own daemon. Null when it makes no sense. (A stream would take 0.2 MiB of every holder.)
 */
export function readSpec(): HostSpec | null {
  const decoder = new TextDecoder()
  const piece = new Uint8Array(PIECE)
  let text = ''
  while (!text.includes('\n') && text.length <= SPEC_MAX) {
    const count = readInto(0, piece, 0, PIECE)
    if (count > 0) text += decoder.decode(piece.subarray(0, count), { stream: true })
    else if (count === 0 || !waitReadable(0, WAIT_MS)) break
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
