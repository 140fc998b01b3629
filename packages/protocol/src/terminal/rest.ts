import { TerminalModeSchema, TerminalSourceSchema, TerminalStateSchema } from '@pilot/domain/entities/terminal'
import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'
import { ColsSchema, RowsSchema } from './model.ts'

/**
 * HTTP routes of terminals, below `/api/chamber/workspaces/:slug`:
 *
 *   GET    /terminal                    {terminals: TerminalView[]}            answered from rows, also while the machine is away
 *   POST   /terminal                    CreateTerminal -> TerminalView (201; 200 for an id that exists already)
 *   GET    /terminal/:id                TerminalView
 *   PATCH  /terminal/:id                UpdateTerminal -> TerminalView         name
 *   DELETE /terminal/:id?force=1        204; ends the program (hang-up, then kill with force), then archives the row
 *   POST   /terminal/:id/reopen         TerminalView                           a new program for an ended or lost one, same id
 *   GET    /terminal/:id/snapshot       text/plain; ?format=text|ansi, ?scrollback=lines   (from the machine)
 *   GET    /terminal/:id/attach-command AttachCommand                         (from the machine)
 *   GET    /terminal/:id/directory      TerminalDirectory                     where its program works now; ?agent_session_id   (from the machine)
 *   GET    /terminal/programs           {programs: ProgramView[]}              (from the machine)
 *   GET    /terminal/tmux               {sessions: TmuxSessionView[]}          (from the machine)
 */

/** What runs in a terminal. */
export const CommandKindSchema = z.enum(['shell', 'opencode', 'claude', 'codex', 'gemini', 'install'])
export type CommandKind = z.infer<typeof CommandKindSchema>

export const AgentProgramSchema = z.enum(['opencode', 'claude', 'codex', 'gemini'])
export type AgentProgram = z.infer<typeof AgentProgramSchema>

/** How a terminal is started; kept by the runtime, so that it can be opened again. */
export const LaunchSchema = z.discriminatedUnion('kind', [
  /** `shell`: a name of the machine's list of shells, such as `zsh`; left out = the user's login shell. */
  z.strictObject({ kind: z.literal('shell'), shell: z.string().min(1).max(200).optional() }),
  z.strictObject({ kind: AgentProgramSchema }),
  /** Runs the visible installation of an agent program. */
  z.strictObject({ kind: z.literal('install'), program: AgentProgramSchema }),
  /** Opens a tmux session that the user made; `socket` null is tmux's own default server. */
  z.strictObject({ kind: z.literal('tmux'), session: z.string().min(1).max(200) }),
])
export type Launch = z.infer<typeof LaunchSchema>

export const CreateTerminalSchema = z.strictObject({
  /** Client-made, so that a repeated request makes one terminal. */
  id: idSchema('terminal'),
  launch: LaunchSchema.default({ kind: 'shell' }),
  title: z.string().trim().max(80).default(''),
  /** Relative to the workspace root, or to the agent session's directory; must exist below it. */
  cwd: z.string().max(4_096).default(''),
  /** Start in the directory of this agent session (its worktree). */
  agent_session_id: idSchema('agent_session').optional(),
  source: TerminalSourceSchema.default('host'),
  cols: ColsSchema.default(80),
  rows: RowsSchema.default(24),
})
export type CreateTerminal = z.infer<typeof CreateTerminalSchema>

export const UpdateTerminalSchema = z.strictObject({ title: z.string().trim().max(80) })
export type UpdateTerminal = z.infer<typeof UpdateTerminalSchema>

/** One terminal as lists and screens show it. */
export const TerminalViewSchema = z.object({
  id: idSchema('terminal'),
  workspace_id: idSchema('workspace'),
  agent_session_id: idSchema('agent_session').nullable(),
  /** Given by a user; empty: show the program's own title. */
  title: z.string(),
  command_kind: z.string(),
  cwd: z.string(),
  cols: z.number().int(),
  rows: z.number().int(),
  state: TerminalStateSchema,
  exit_code: z.number().int().nullable(),
  mode: TerminalModeSchema,
  source: TerminalSourceSchema,
  last_activity_at: z.string(),
  created_at: z.string(),
  created_by: idSchema('user').nullable(),
})
export type TerminalView = z.infer<typeof TerminalViewSchema>

/** A program that a terminal can start. */
export const ProgramViewSchema = z.object({
  launch: LaunchSchema,
  label: z.string(),
  installed: z.boolean(),
  version: z.string().nullable(),
  /** The command that would install it, shown before it runs; null when it cannot be installed from here. */
  install_command: z.string().nullable(),
})
export type ProgramView = z.infer<typeof ProgramViewSchema>

/** What a person types in a shell of that machine to open the same terminal. */
export const AttachCommandSchema = z.object({ command: z.string().min(1).max(8_192) })

/** Where the program of a terminal works now, as a new terminal is told it; where it may not be opened: where it began. */
export const TerminalDirectorySchema = z.object({
  cwd: z.string().max(4_096),
  agent_session_id: idSchema('agent_session').nullable(),
})
export type TerminalDirectory = z.infer<typeof TerminalDirectorySchema>

export const TmuxSessionViewSchema = z.object({
  name: z.string(),
  windows: z.number().int(),
  attached: z.boolean(),
})
export type TmuxSessionView = z.infer<typeof TmuxSessionViewSchema>
