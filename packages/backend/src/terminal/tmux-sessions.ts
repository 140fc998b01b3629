import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { TmuxSessionView } from '@pilot/protocol/terminal/rest'

const TIMEOUT_MS = 3_000
const MAX_SESSIONS = 200

/** The sessions of this user's own tmux server; none when tmux or its server is missing. */
export async function tmuxSessions(environment: Record<string, string>): Promise<TmuxSessionView[]> {
  // The name comes last: it may hold anything.
  const format = '#{session_windows} #{session_attached} #{session_name}'
  try {
    const options = { env: environment, timeout: TIMEOUT_MS, maxBuffer: 262_144 }
    const { stdout } = await promisify(execFile)('tmux', ['list-sessions', '-F', format], options)
    return parseSessions(stdout)
  } catch {
    return []
  }
}

export function parseSessions(text: string): TmuxSessionView[] {
  return text
    .split('\n')
    .flatMap((line) => {
      const [, windows, attached, name] = /^(\d+) (\d+) (.+)$/.exec(line) ?? []
      return name && name.length <= 200 ? [{ name, windows: Number(windows), attached: Number(attached) > 0 }] : []
    })
    .slice(0, MAX_SESSIONS)
}
