import type { DemoConversation } from './conversation.ts'
import type { DemoStep } from './step.ts'

/**
 * The script language of the demo model, for tests and for trying things out. When the last prompt has lines that begin
 * with `@`, line n is the model's n-th answer:
 *
 *     @say TEXT          streams TEXT
 *     @reason TEXT       thinks TEXT, then says "done"
 *     @tool NAME JSON    calls a tool, e.g. @tool bash {"command":"ls","description":"List"}
 *     @slow N MS         streams N words, one every MS milliseconds
 *     @error CODE TEXT   answers with that HTTP status
 *     @hang              begins and then keeps silent
 *     @cut               breaks the connection in the middle of an answer
 *     @garbage           answers with something that is no chat completion
 *
 * After the last line it says "done". `$DIR` in a line stands for the working directory.
 */
export function scriptStep(conversation: DemoConversation): DemoStep | null {
  const lines = conversation.prompt.split('\n').filter((line) => /^@[a-z]+/.test(line))
  if (lines.length === 0) return null
  const line = lines[conversation.turns.length]?.replaceAll('$DIR', conversation.directory)
  if (line === undefined) return { type: 'answer', text: 'done' }
  const [, command = '', rest = ''] = /^@([a-z]+)\s?([\s\S]*)$/.exec(line) ?? []
  switch (command) {
    case 'tool': {
      const [, name = '', json = '{}'] = /^(\S+)\s*(.*)$/.exec(rest) ?? []
      return { type: 'answer', calls: [{ name, args: parseArgs(json) }] }
    }
    case 'slow': {
      const [count = 10, ms = 20] = rest.split(/\s+/).map(Number)
      const words = Array.from({ length: Math.min(count, 100_000) }, (_, index) => `w${index}`)
      return { type: 'answer', text: words.join(' '), word_delay_ms: ms }
    }
    case 'error': {
      const [, status = '500', message = ''] = /^(\d+)\s*(.*)$/.exec(rest) ?? []
      return { type: 'error', status: Number(status), message: message || 'scripted error' }
    }
    case 'reason':
      return { type: 'answer', reasoning: rest, text: 'done' }
    case 'hang':
    case 'cut':
    case 'garbage':
      return { type: 'answer', text: 'partial answer', fault: command }
    default:
      return { type: 'answer', text: command === 'say' ? rest : `unknown script line: ${line}` }
  }
}

function parseArgs(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
