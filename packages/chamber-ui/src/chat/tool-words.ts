import type { ToolKind, ToolPart } from '@pilot/protocol/agent/model'

const VERBS: Record<ToolKind, { done: string; now: string }> = {
  read: { done: 'Read', now: 'Reading' },
  edit: { done: 'Edited', now: 'Editing' },
  delete: { done: 'Deleted', now: 'Deleting' },
  move: { done: 'Moved', now: 'Moving' },
  search: { done: 'Searched', now: 'Searching' },
  execute: { done: 'Ran', now: 'Running' },
  think: { done: 'Thought', now: 'Thinking' },
  fetch: { done: 'Fetched', now: 'Fetching' },
  other: { done: 'Used', now: 'Using' },
}

export function isRunning(part: ToolPart): boolean {
  return part.status === 'pending' || part.status === 'running'
}

/** The verb of a tool's line, in the tense of its state. */
export function verbOf(part: ToolPart): string {
  if (part.kind === 'edit' && part.changes.length > 0 && part.changes.every((change) => change.kind === 'added')) {
    return isRunning(part) ? 'Writing' : 'Wrote'
  }
  const verb = VERBS[part.kind]
  return isRunning(part) ? verb.now : verb.done
}

/** The object of a tool's line: the path, pattern or command; the tool's own name where it says nothing else. */
export function objectOf(part: ToolPart): string {
  return part.title === '' ? part.tool : part.title
}

export interface ToolResult {
  text: string
  tone: 'plain' | 'bad' | 'off'
}

/** A few words on how it ended; null when there is nothing to say. Line changes are shown as figures beside it. */
export function resultOf(part: ToolPart): ToolResult | null {
  if (part.status === 'failed') return { text: part.error?.split('\n')[0] || 'failed', tone: 'bad' }
  if (part.status === 'interrupted') return { text: 'interrupted', tone: 'off' }
  if (part.status !== 'completed') return null
  if (part.kind === 'execute') {
    const took = durationOf(part)
    return took === null ? null : { text: took, tone: 'plain' }
  }
  if (part.kind === 'search') {
    const lines = part.output.trim() === '' ? 0 : part.output.trim().split('\n').length
    return { text: lines === 0 ? 'nothing found' : lines === 1 ? '1 line' : `${lines} lines`, tone: 'plain' }
  }
  return null
}

/** "0.8 s", "14 s" or "2 min 5 s"; null when it is not known. */
export function durationOf({ started_at, ended_at }: Pick<ToolPart, 'started_at' | 'ended_at'>): string | null {
  if (started_at === null || ended_at === null) return null
  const ms = Date.parse(ended_at) - Date.parse(started_at)
  if (Number.isNaN(ms) || ms < 0) return null
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

export function changedLines(part: ToolPart): { additions: number; deletions: number } | null {
  if (part.changes.length === 0) return null
  let additions = 0
  let deletions = 0
  for (const change of part.changes) {
    additions += change.additions
    deletions += change.deletions
  }
  return { additions, deletions }
}

/** Either one call, or several quiet ones (reads and searches that went well) that share a line. */
export type ToolGroup = { type: 'one'; part: ToolPart } | { type: 'fold'; parts: readonly ToolPart[]; label: string }

/** A fold needs at least this many calls: two lines are no longer than one. */
const FOLD_FROM = 3

/** Folds runs of reads and searches, so that looking around is one line. */
export function groupTools(parts: readonly ToolPart[]): ToolGroup[] {
  const groups: ToolGroup[] = []
  let run: ToolPart[] = []
  const flush = () => {
    if (run.length >= FOLD_FROM) groups.push({ type: 'fold', parts: run, label: foldLabel(run) })
    else groups.push(...run.map((part) => ({ type: 'one' as const, part })))
    run = []
  }
  for (const part of parts) {
    const quiet = part.status === 'completed' && (part.kind === 'read' || part.kind === 'search')
    if (quiet) run.push(part)
    else {
      flush()
      groups.push({ type: 'one', part })
    }
  }
  flush()
  return groups
}

function foldLabel(parts: readonly ToolPart[]): string {
  const reads = new Set(parts.filter((part) => part.kind === 'read').map(objectOf)).size
  const searches = parts.filter((part) => part.kind === 'search').length
  const words = []
  if (reads > 0) words.push(`read ${reads} ${reads === 1 ? 'file' : 'files'}`)
  if (searches > 0) words.push(searches === 1 ? 'searched once' : `searched ${searches} times`)
  const text = words.join(', ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}
