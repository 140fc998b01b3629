/** Longest title that is shown, in characters. */
const MAX_TITLE = 120
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** A program's title as one harmless line: no control characters, nothing that turns the direction of reading. */
export function cleanTitle(raw: string): string {
  const line = raw.replace(UNSEEN, ' ').replace(/\s+/g, ' ').trim()
  return line.length > MAX_TITLE ? `${line.slice(0, MAX_TITLE - 1).toWellFormed()}…` : line.toWellFormed()
}

export interface TitleFacts {
  /** Given by a user. */
  name: string
  /** Set by the program. */
  title: string
  /** Name of the program in the foreground. */
  process: string
  commandKind: string
}

const KIND_LABELS: Record<string, string> = {
  shell: 'Shell',
  opencode: 'OpenCode',
  claude: 'Claude Code',
  codex: 'Codex',
  gemini: 'Gemini',
  install: 'Installation',
  tmux: 'tmux',
}

/** What to call a terminal: its own name, else what the program says, else what runs. */
export function terminalTitle({ name, title, process, commandKind }: TitleFacts): string {
  return cleanTitle(name) || cleanTitle(title) || cleanTitle(process) || KIND_LABELS[commandKind] || commandKind
}

/** What runs in it, for beside a name that the user gave; empty when the name says it already. */
export function runningText(facts: TitleFacts): string {
  const running = cleanTitle(facts.process) || cleanTitle(facts.title)
  return running === terminalTitle(facts) ? '' : running
}

/** Only these may be opened from a terminal. Null for anything else. */
export function safeLink(raw: string): string | null {
  try {
    const url = new URL(raw)
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null
  } catch {
    return null
  }
}
