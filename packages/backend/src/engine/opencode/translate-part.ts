import { isAbsolute, relative } from 'node:path'
import type { FileChange, Part, ToolKind, ToolPart, ToolStatus } from '@pilot/protocol/agent/model'
import type { WirePart, WireToolPart } from './wire.ts'

/** Characters of a tool's output that travel with the part; the rest is fetched on demand. */
export const MAX_OUTPUT_CHARS = 16_384
const MAX_INPUT_CHARS = 16_384
const MAX_TITLE_CHARS = 200

const KINDS: Record<string, ToolKind> = {
  bash: 'execute',
  read: 'read',
  write: 'edit',
  edit: 'edit',
  multiedit: 'edit',
  patch: 'edit',
  apply_patch: 'edit',
  glob: 'search',
  grep: 'search',
  list: 'search',
  webfetch: 'fetch',
  websearch: 'fetch',
  todowrite: 'think',
  task: 'think',
}

export function toolKind(tool: string): ToolKind {
  return KINDS[tool] ?? 'other'
}

/** Null for parts that carry nothing to show. `directory` is the session's, to make paths relative. */
export function translatePart(part: WirePart, directory: string): Part | null {
  if (part === null) return null
  switch (part.type) {
    case 'text':
      if (part.synthetic || part.ignored) return null
      // Only parts of an answer carry times; the text of a prompt is always whole.
      return {
        id: part.id,
        type: 'text',
        text: part.text,
        done: part.time === undefined || part.time.end !== undefined,
      }
    case 'reasoning':
      return { id: part.id, type: 'reasoning', text: part.text, done: part.time?.end !== undefined }
    case 'tool':
      return translateTool(part, directory)
    case 'file':
      return { id: part.id, type: 'file', name: part.filename ?? 'file', mime: part.mime }
    case 'compaction':
      return { id: part.id, type: 'note', text: 'The conversation so far was compacted.' }
  }
}

function translateTool(part: WireToolPart, directory: string): ToolPart {
  const { state } = part
  const output = outputOf(part)
  return {
    id: part.id,
    type: 'tool',
    tool: part.tool,
    kind: toolKind(part.tool),
    title: titleOf(part, directory),
    status: statusOf(part),
    input: clipInput(state.input),
    output: clip(output, MAX_OUTPUT_CHARS),
    output_bytes: Buffer.byteLength(output),
    error: state.status === 'error' ? clip(state.error ?? 'The tool failed.', 2_000) : null,
    started_at: isoTime(state.time?.start),
    ended_at: isoTime(state.time?.end),
    changes: changesOf(part, directory),
    child_session_id: null,
  }
}

/** A tool's output so far: while it runs it stands in the metadata. */
export function outputOf(part: WireToolPart): string {
  if (part.state.output !== undefined) return part.state.output
  const running = part.state.metadata?.output
  return typeof running === 'string' ? running : ''
}

function statusOf(part: WireToolPart): ToolStatus {
  const { status, error, metadata } = part.state
  if (status !== 'error') return status
  return metadata?.interrupted === true || /^Tool execution (was )?(aborted|interrupted)/i.test(error ?? '')
    ? 'interrupted'
    : 'failed'
}

function titleOf(part: WireToolPart, directory: string): string {
  const { input } = part.state
  const text = (key: string) => (typeof input[key] === 'string' ? input[key] : '')
  switch (part.tool) {
    case 'bash':
      return oneLine(text('command') || 'Run a command')
    case 'read':
    case 'write':
    case 'edit':
      return oneLine(text('filePath') ? relativePath(text('filePath'), directory) : part.tool)
    case 'glob':
    case 'grep':
      return oneLine(text('pattern') || part.tool)
    case 'webfetch':
      return oneLine(text('url') || 'Fetch a page')
    case 'task':
      return oneLine(text('description') || 'Hand over to a sub-agent')
    case 'skill':
      return oneLine(text('name') || 'Load a skill')
    case 'todowrite':
      return 'Update the plan'
    case 'question':
      return 'Ask a question'
    case 'invalid':
      return oneLine(`Unknown tool ${text('tool')}`)
    default:
      return oneLine(part.tool)
  }
}

/** What an edit changed, from the counts that the tool reports. Overwriting a file reports none: git tells those. */
function changesOf(part: WireToolPart, directory: string): FileChange[] {
  const { metadata, status, input } = part.state
  if (status !== 'completed' || !metadata) return []
  if (part.tool === 'write' && typeof metadata.filepath === 'string') {
    const added = metadata.exists === false
    const content = typeof input.content === 'string' ? input.content : ''
    return [
      {
        path: relativePath(metadata.filepath, directory),
        kind: added ? 'added' : 'modified',
        additions: added ? countLines(content) : 0,
        deletions: 0,
      },
    ]
  }
  const files = Array.isArray(metadata.files) ? metadata.files : [metadata.filediff]
  return files.flatMap((file: unknown) => fileChange(file, directory) ?? [])
}

function fileChange(file: unknown, directory: string): FileChange | null {
  if (typeof file !== 'object' || file === null) return null
  const field = (name: string): unknown => Object.entries(file).find(([key]) => key === name)?.[1]
  const path = field('file') ?? field('filePath')
  if (typeof path !== 'string') return null
  const count = (value: unknown) => (typeof value === 'number' ? value : 0)
  const type = field('type')
  return {
    path: relativePath(path, directory),
    kind: type === 'add' ? 'added' : type === 'delete' ? 'deleted' : 'modified',
    additions: count(field('additions')),
    deletions: count(field('deletions')),
  }
}

/** Relative to the session's directory; a path outside of it stays as it is, so that it is recognised. */
export function relativePath(path: string, directory: string): string {
  if (!isAbsolute(path)) return path
  const inside = relative(directory, path)
  return inside === '' ? '.' : inside.startsWith('..') ? path : inside
}

function countLines(text: string): number {
  if (text === '') return 0
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

function clipInput(input: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => [
      key,
      typeof value === 'string' ? clip(value, MAX_INPUT_CHARS) : value,
    ]),
  )
}

/** Cuts without leaving half of a surrogate pair at the end. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text
  const last = text.charCodeAt(max - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max)
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > MAX_TITLE_CHARS ? `${clip(line, MAX_TITLE_CHARS - 1)}…` : line
}

function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
