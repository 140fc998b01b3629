import { PilotError } from '@pilot/domain/errors'
import { type Id, idSchema } from '@pilot/domain/ids'
import type { ProgramView, TerminalDirectory, TmuxSessionView } from '@pilot/protocol/terminal/rest'
import { Hono } from 'hono'
import { z } from 'zod'
import type { RouteEnv } from '../app/env.ts'
import type { ManagedTerminal } from './managed-terminal.ts'
import type { TerminalPictures } from './pictures.ts'
import type { TerminalService } from './service.ts'
import type { TerminalRow } from './store.ts'

const MAX_SCROLLBACK = 10_000

const SnapshotQuerySchema = z.object({
  format: z.enum(['text', 'ansi']).default('text'),
  scrollback: z.coerce.number().int().min(0).max(MAX_SCROLLBACK).default(0),
})

const DirectoryQuerySchema = z.object({ agent_session_id: idSchema('agent_session').optional() })

export interface TerminalRouteDeps {
  service: TerminalService
  pictures: TerminalPictures
  programs(): Promise<ProgramView[]>
  tmuxSessions(): Promise<TmuxSessionView[]>
  /** The command that opens the terminal from a shell of this machine. */
  attachCommand(row: TerminalRow): string
  /** Where its program works now; the session is the one that it was opened for. */
  directory(terminal: ManagedTerminal, sessionId: Id<'agent_session'> | null): Promise<TerminalDirectory>
}

/** Routes of terminals that their machine answers; lists, opening and closing are the control plane's. */
export function terminalRoutes(deps: TerminalRouteDeps): Hono<RouteEnv> {
  const app = new Hono<RouteEnv>()
  app.get('/terminal/programs', async (c) => c.json({ programs: await deps.programs() }))
  app.get('/terminal/tmux', async (c) => c.json({ sessions: await deps.tmuxSessions() }))
  app.get('/terminal/:id/attach-command', (c) => {
    const terminal = deps.service.find(c.var.ctx.workspace_id, terminalId(c.req.param('id')))
    return c.json({ command: deps.attachCommand(terminal.row) })
  })
  app.get('/terminal/:id/directory', async (c) => {
    const terminal = deps.service.find(c.var.ctx.workspace_id, terminalId(c.req.param('id')))
    const query = DirectoryQuerySchema.safeParse(c.req.query())
    if (!query.success)
      throw new PilotError('VALIDATION_FAILED', 'agent_session_id has to be the id of an agent session.')
    return c.json(await deps.directory(terminal, query.data.agent_session_id ?? null))
  })
  app.get('/terminal/:id/snapshot', async (c) => {
    const terminal = deps.service.find(c.var.ctx.workspace_id, terminalId(c.req.param('id')))
    const query = SnapshotQuerySchema.safeParse(c.req.query())
    if (!query.success) {
      const sentence = `Ask with format=text or ansi, and scrollback from 0 to ${MAX_SCROLLBACK} lines.`
      throw new PilotError('VALIDATION_FAILED', sentence)
    }
    const { format, scrollback } = query.data
    const bytes = await deps.pictures.snapshot(terminal.source, format, scrollback)
    return new Response(bytes, {
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      },
    })
  })
  return app
}

function terminalId(text: string) {
  const parsed = idSchema('terminal').safeParse(text)
  if (!parsed.success) throw new PilotError('NOT_FOUND')
  return parsed.data
}
