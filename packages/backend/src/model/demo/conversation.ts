import { isAbsolute, relative } from 'node:path'
import { type ChatMessage, type ChatRequest, textOf } from '../chat.ts'

/** What the demo model knows of a conversation: the last prompt, and everything that happened since. */
export interface DemoConversation {
  kind: 'chat' | 'title' | 'compaction'
  /** Directory that the agent works in. */
  directory: string
  prompt: string
  /** The model's own answers since that prompt, each with the results of its tool calls. */
  turns: DemoTurn[]
}

export interface DemoTurn {
  calls: { name: string; args: Record<string, unknown>; result: string }[]
}

/** Reads a request of the coding agent. */
export function readConversation(request: ChatRequest): DemoConversation {
  const system = request.messages
    .filter((message) => message.role === 'system')
    .map(textOf)
    .join('\n')
  const lastUser = request.messages.findLastIndex((message) => message.role === 'user')
  const user = request.messages[lastUser]
  const hasTools = (request.tools?.length ?? 0) > 0
  const kind = hasTools ? 'chat' : /summari[sz]ation agent/i.test(system) ? 'compaction' : 'title'
  const after = lastUser < 0 ? [] : request.messages.slice(lastUser + 1)
  return {
    kind,
    directory: /Working directory: (.+)/.exec(system)?.[1]?.trim() ?? '/',
    prompt: user ? promptOf(user) : '',
    turns: turnsOf(after),
  }
}

function promptOf(message: ChatMessage): string {
  return textOf(message)
    .replace(/<system-reminder>[\s\S]*?<\/system-reminder>/g, '')
    .trim()
}

function turnsOf(messages: ChatMessage[]): DemoTurn[] {
  const results = new Map<string, string>()
  for (const message of messages) {
    if (message.role === 'tool' && message.tool_call_id) results.set(message.tool_call_id, textOf(message))
  }
  return messages
    .filter((message) => message.role === 'assistant')
    .map((message) => ({
      calls: (message.tool_calls ?? []).map((call) => ({
        name: call.function.name,
        args: parseArguments(call.function.arguments),
        result: results.get(call.id) ?? '',
      })),
    }))
}

function parseArguments(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** Paths of a file listing, relative to the working directory, shallow ones first. */
export function listedPaths(conversation: DemoConversation): string[] {
  const listing = conversation.turns.flatMap((turn) => turn.calls).find((call) => call.name === 'glob')
  if (!listing) return []
  const paths = listing.result
    .split('\n')
    .filter((line) => isAbsolute(line.trim()))
    .map((line) => relative(conversation.directory, line.trim()))
    .filter((path) => path !== '' && !path.startsWith('..'))
  return paths.sort((a, b) => a.split('/').length - b.split('/').length || a.localeCompare(b))
}

/** Content of a file as the read tool showed it since the prompt, or null. The last reading wins. */
export function readContent(conversation: DemoConversation, path: string): string | null {
  const call = conversation.turns
    .flatMap((turn) => turn.calls)
    .findLast((each) => each.name === 'read' && each.args.filePath === `${conversation.directory}/${path}`)
  if (!call?.result.includes('<content>')) return null
  const lines = call.result.split('\n').flatMap((line) => /^\d+: ?(.*)$/.exec(line)?.[1] ?? [])
  return `${lines.join('\n')}\n`
}

/** Result of the latest call of a tool, or an empty string. */
export function lastResult(conversation: DemoConversation, tool: string): string {
  return conversation.turns.flatMap((turn) => turn.calls).findLast((call) => call.name === tool)?.result ?? ''
}
