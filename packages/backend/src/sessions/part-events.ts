import type { AgentEvent } from '@pilot/protocol/agent/event'
import type { Part, ToolPart } from '@pilot/protocol/agent/model'
import { boundPart, pieces, TEXT_CHARS } from './bound.ts'

type Appended = Extract<AgentEvent, { type: 'part.appended' }>

/** Equality of two JSON values, whatever the order of their keys; an absent key is an undefined one. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => same(left[key], right[key]))
}

/** Text that follows at the end of a part, in pieces that fit into an entry each. */
export function appendedText(
  messageId: string,
  partId: string,
  field: Appended['field'],
  offset: number,
  text: string,
): Appended[] {
  let at = offset
  return pieces(text).map((piece) => {
    const event: Appended = {
      type: 'part.appended',
      message_id: messageId,
      part_id: partId,
      field,
      offset: at,
      text: piece,
    }
    at += piece.length
    return event
  })
}

/** The shortest entries that turn `known` into what the engine reports; none when they are the same. */
export function partEvents(messageId: string, known: Part | undefined, reported: Part): AgentEvent[] {
  const part = boundPart(reported)
  if (part.type === 'tool') return toolEvents(messageId, known, part)
  if (known && same(known, part)) return []
  if (part.type !== 'text' && part.type !== 'reasoning') return [{ type: 'part.upserted', message_id: messageId, part }]
  if (known?.type === part.type && part.text.startsWith(known.text) && (part.done || !known.done)) {
    const grown = appendedText(messageId, part.id, 'text', known.text.length, part.text.slice(known.text.length))
    if (!part.done || known.done) return grown
    const end = part.text.length
    const last = grown.pop() ?? appendedTextEnd(messageId, part.id, end)
    return [...grown, { ...last, done: true }]
  }
  const [first = '', ...rest] = pieces(part.text, TEXT_CHARS)
  return [
    { type: 'part.upserted', message_id: messageId, part: { ...part, text: first } },
    ...appendedText(messageId, part.id, 'text', first.length, rest.join('')),
  ]
}

function appendedTextEnd(messageId: string, partId: string, offset: number): Appended {
  return { type: 'part.appended', message_id: messageId, part_id: partId, field: 'text', offset, text: '' }
}

function toolEvents(messageId: string, known: Part | undefined, part: ToolPart): AgentEvent[] {
  if (known?.type === 'tool') {
    const { output, output_bytes, ...rest } = part
    const { output: knownOutput, output_bytes: knownBytes, ...knownRest } = known
    if (same(rest, knownRest) && output.startsWith(knownOutput)) {
      if (output === knownOutput && output_bytes === knownBytes) return []
      return [
        {
          type: 'part.appended',
          message_id: messageId,
          part_id: part.id,
          field: 'output',
          offset: knownOutput.length,
          text: output.slice(knownOutput.length),
          output_bytes,
        },
      ]
    }
  }
  return [{ type: 'part.upserted', message_id: messageId, part }]
}
