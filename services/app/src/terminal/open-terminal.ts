import type { TerminalId } from '@pilot/domain/entities/terminal'
import { newId } from '@pilot/domain/ids'
import type { TerminalApi } from '@pilot/frontend/terminal/terminal-api'
import { terminalApi } from './terminal-apis.ts'
import { noteTerminal } from './use-terminal-list.ts'

/** Where and what: an agent session's worktree, a directory below the workspace, a program. All may be left out. */
export type TerminalWish = Partial<Omit<Parameters<TerminalApi['create']>[0], 'id'>>

/** Opens a terminal on the workspace's machine and gives its id. Throws PilotClientError. */
export async function openTerminal(slug: string, wish: TerminalWish = {}): Promise<TerminalId> {
  const view = await terminalApi(slug).create({ id: newId('terminal'), ...wish })
  noteTerminal(slug, view)
  return view.id
}
