import type { FileChange, Message, Part, Permission, Question, Todo } from '@pilot/protocol/agent/model'

/*
 * What an engine reports has no limits of its own. Everything is cut here, once, so that one entry of the journal fits
 * into one message of the link whatever a tool or a model did.
 */

/** Bytes (UTF-8) of a tool's output that a part carries. */
export const OUTPUT_BYTES = 16 * 1024
/** Characters of appended or upserted text in one entry. */
export const TEXT_CHARS = 16 * 1024
const INPUT_STRING_CHARS = 16 * 1024
const INPUT_CHARS = 48 * 1024
const DETAIL_CHARS = 16 * 1024
const LINE_CHARS = 1_000
const LIST_ITEMS = 200
const CHANGES = 500

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** UTF-8 bytes of a string. */
export function byteLength(text: string): number {
  return encoder.encode(text).length
}

/** The longest head of `text` that has at most `max` UTF-8 bytes and cuts no character. */
export function headBytes(text: string, max: number): string {
  const head = text.slice(0, max)
  const bytes = encoder.encode(head)
  if (bytes.length <= max) return endOfPair(text, head)
  let end = max
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return decoder.decode(bytes.subarray(0, end))
}

/** Drops a first half of a surrogate pair whose other half was cut off. */
function endOfPair(text: string, head: string): string {
  const cut = head.length < text.length && /[\uD800-\uDBFF]$/.test(head)
  return cut ? head.slice(0, -1) : head
}

/** Pieces of at most `max` characters that together are `text`; no piece ends inside a character. */
export function pieces(text: string, max = TEXT_CHARS): string[] {
  const result: string[] = []
  for (let rest = text; rest !== ''; ) {
    const head = endOfPair(rest, rest.slice(0, max)) || rest.slice(0, max)
    result.push(head)
    rest = rest.slice(head.length)
  }
  return result
}

/** Cuts a text and says how much is left out. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text
  const head = endOfPair(text, text.slice(0, max))
  return `${head}… (${text.length - head.length} more characters)`
}

function boundInput(input: Record<string, unknown>): Record<string, unknown> {
  let left = INPUT_CHARS
  const bound = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') {
      const text = cut(value, Math.max(0, Math.min(INPUT_STRING_CHARS, left)))
      left -= text.length
      return text
    }
    if (value === null || typeof value !== 'object') return value
    if (depth > 8 || left <= 0) return '…'
    left -= 2
    if (Array.isArray(value)) return value.slice(0, LIST_ITEMS).map((item) => bound(item, depth + 1))
    const entries = Object.entries(value).slice(0, LIST_ITEMS)
    return Object.fromEntries(
      entries.map(([key, inner]) => {
        left -= Math.min(key.length, LINE_CHARS)
        return [cut(key, LINE_CHARS), bound(inner, depth + 1)]
      }),
    )
  }
  return bound(input, 0) as Record<string, unknown>
}

/** A part as it is stored: a tool's output cut to its head, `output_bytes` still that of the whole. */
export function boundPart(part: Part): Part {
  if (part.type === 'file') return { ...part, name: cut(part.name, LINE_CHARS), mime: cut(part.mime, 200) }
  if (part.type !== 'tool') return part
  return {
    ...part,
    tool: cut(part.tool, 200),
    title: cut(part.title, LINE_CHARS),
    input: boundInput(part.input),
    output: headBytes(part.output, OUTPUT_BYTES),
    output_bytes: Math.max(part.output_bytes, byteLength(part.output)),
    error: part.error === null ? null : cut(part.error, DETAIL_CHARS),
    changes: boundChanges(part.changes).changes,
  }
}

export function boundMessage(message: Message): Message {
  const { id, role, command_id, created_at, completed_at, status, error, usage } = message
  return {
    id,
    role,
    command_id,
    created_at,
    completed_at,
    status,
    error: error && { ...error, message: cut(error.message, LINE_CHARS * 4) },
    usage,
  }
}

export function boundPermission(permission: Permission): Permission {
  return {
    ...permission,
    title: cut(permission.title, LINE_CHARS),
    detail: cut(permission.detail, DETAIL_CHARS),
    always: permission.always.slice(0, 50).map((pattern) => cut(pattern, LINE_CHARS)),
  }
}

export function boundQuestion(question: Question): Question {
  return {
    ...question,
    items: question.items.slice(0, 20).map((item) => ({
      ...item,
      header: cut(item.header, LINE_CHARS),
      question: cut(item.question, LINE_CHARS * 4),
      options: item.options.slice(0, 30).map((option) => ({
        label: cut(option.label, 300),
        description: cut(option.description, LINE_CHARS),
      })),
    })),
  }
}

export function boundTodos(todos: readonly Todo[]): Todo[] {
  return todos.slice(0, LIST_ITEMS).map((todo) => ({ ...todo, content: cut(todo.content, LINE_CHARS) }))
}

export function boundChanges(changes: readonly FileChange[]): { changes: FileChange[]; truncated: boolean } {
  return { changes: changes.slice(0, CHANGES), truncated: changes.length > CHANGES }
}
