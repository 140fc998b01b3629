import { execFile } from 'node:child_process'
import { readlink, realpath } from 'node:fs/promises'
import { relative } from 'node:path'
import { promisify } from 'node:util'
import type { Id } from '@pilot/domain/ids'
import type { TerminalDirectory } from '@pilot/protocol/terminal/rest'
import { isInside } from '../workspaces/jail.ts'
import { foregroundGroup } from './host/process-start.ts'

const ASK_MS = 2_000

/** Directory that a process works in; null when it is gone, somebody else's, or not known on this platform. */
export async function directoryOfProcess(pid: number): Promise<string | null> {
  try {
    if (process.platform === 'linux') return await readlink(`/proc/${pid}/cwd`)
    const asked = promisify(execFile)('lsof', ['-a', '-d', 'cwd', '-F', 'n', '-p', String(pid)], { timeout: ASK_MS })
    return /^n(\/.*)$/m.exec((await asked).stdout)?.[1] ?? null
  } catch {
    return null
  }
}

/** Directory of the program in the foreground of the terminal that this process leads, else of the process itself. */
export async function currentDirectory(pid: number): Promise<string | null> {
  const front = await groupInFront(pid)
  return (front !== null && front > 0 ? await directoryOfProcess(front) : null) ?? (await directoryOfProcess(pid))
}

async function groupInFront(pid: number): Promise<number | null> {
  if (process.platform === 'linux') return foregroundGroup(pid)
  try {
    const asked = promisify(execFile)('ps', ['-o', 'tpgid=', '-p', String(pid)], { timeout: ASK_MS })
    return Number((await asked).stdout) || null
  } catch {
    return null
  }
}

interface Bases {
  root: string
  /** The agent session that the terminal was opened for, while there is one. */
  session: { id: Id<'agent_session'>; directory: string } | null
}

/**
 * Says the first of these directories that a terminal may be opened in, the way an order names one: below the agent
 * session's directory or the workspace. Without any it is the workspace itself.
 */
export async function asOrdered(
  candidates: readonly (string | null)[],
  { root, session }: Bases,
): Promise<TerminalDirectory> {
  for (const candidate of candidates) {
    const directory = candidate === null ? null : await resolved(candidate)
    if (directory === null) continue
    for (const base of [session, { id: null, directory: root }]) {
      const at = base && (await resolved(base.directory))
      if (at && isInside(at, directory)) return { cwd: relative(at, directory), agent_session_id: base.id }
    }
  }
  return { cwd: '', agent_session_id: null }
}

const resolved = (path: string) => realpath(path).catch(() => null)
