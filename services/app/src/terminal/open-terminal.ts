import type { TerminalId } from '@pilot/domain/entities/terminal'
import { newId } from '@pilot/domain/ids'
import type { TerminalApi } from '@pilot/frontend/terminal/terminal-api'
import type { TerminalView } from '@pilot/protocol/terminal/rest'
import { terminalApi } from './terminal-apis.ts'
import { noteTerminal } from './use-terminal-list.ts'

/** Where and what: an agent session's worktree, a directory below the workspace, a program. All may be left out. */
export type TerminalWish = Partial<Omit<Parameters<TerminalApi['create']>[0], 'id'>>

/** How long the machine is asked where a program works, in ms: a terminal that opens late is worse than one elsewhere. */
const ASK_MS = 2_000

/** The place where the program of a terminal works now; where that is not known: where it was started. */
export async function placeLike(slug: string, terminal: TerminalView): Promise<TerminalWish> {
  const place = await terminalApi(slug)
    .directory(terminal, { signal: AbortSignal.timeout(ASK_MS) })
    .catch(() => terminal)
  return place.agent_session_id === null
    ? { cwd: place.cwd }
    : { cwd: place.cwd, agent_session_id: place.agent_session_id }
}

/** Opens a terminal on the workspace's machine and gives its id. Throws PilotClientError. */
export async function openTerminal(slug: string, wish: TerminalWish = {}): Promise<TerminalId> {
  const view = await terminalApi(slug).create({ id: newId('terminal'), ...wish })
  noteTerminal(slug, view)
  return view.id
}
