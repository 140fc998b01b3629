import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { RouteEnv } from '@pilot/backend/app/env'
import { findBinary } from '@pilot/backend/engine/opencode/binary'
import type { Git } from '@pilot/backend/git/run'
import type { JournalSession } from '@pilot/backend/sessions/store/rows'
import type { SettingsStore } from '@pilot/backend/settings/settings'
import { asOrdered, currentDirectory } from '@pilot/backend/terminal/current-directory'
import type { Emulator } from '@pilot/backend/terminal/emulator/pool'
import { loginEnvironment } from '@pilot/backend/terminal/environment'
import { offerGuidance } from '@pilot/backend/terminal/guidance'
import { terminalsRoot } from '@pilot/backend/terminal/host/paths'
import { pilotAttachCommand, tmuxAttachCommand, tmuxServerPath } from '@pilot/backend/terminal/host/tmux/commands'
import { prepareLaunch } from '@pilot/backend/terminal/launch'
import { TerminalPictures } from '@pilot/backend/terminal/pictures'
import { TerminalPrograms } from '@pilot/backend/terminal/programs'
import { terminalRoutes } from '@pilot/backend/terminal/routes'
import { TerminalService } from '@pilot/backend/terminal/service'
import type { SourceLauncher } from '@pilot/backend/terminal/source'
import { createTerminalStore, type TerminalRow } from '@pilot/backend/terminal/store'
import { tmuxSessions } from '@pilot/backend/terminal/tmux-sessions'
import { toPilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import { systemClock } from '@pilot/protocol/link/clock'
import type { Hono } from 'hono'
import type { Log } from './log.ts'
import { socketDirectory } from './pty-host/local-launcher.ts'

/** What terminals need of the platform. */
export interface TerminalPlatform {
  launcher: SourceLauncher
  emulator: Emulator
}

export interface TerminalsOptions extends TerminalPlatform {
  /** PILOT_HOME. */
  home: string
  /** Where programs that are installed from a terminal go. */
  tools: string
  db: SqliteDatabase
  git: Git
  env: Record<string, string | undefined>
  settings: SettingsStore
  workspaceRoot(workspaceId: Id<'workspace'>): Promise<string>
  session(id: Id<'agent_session'>): Pick<JournalSession, 'workspace_id' | 'directory' | 'deleted_at'> | null
  log: Log
}

export interface Terminals {
  service: TerminalService
  routes: Hono<RouteEnv>
}

/** Setting of a workspace that puts the guidance for agents into its repository, too. */
const REPOSITORY_GUIDANCE = 'agent_guidance_in_repository'

/** Puts together what the terminals of this machine need. Starts nothing. */
export function createTerminals(options: TerminalsOptions): Terminals {
  const { db, git, env, settings, log } = options
  const user = userInfo()
  const shell = [user.shell, env.SHELL].find((path) => path && existsSync(path)) ?? '/bin/sh'
  const environment = loginEnvironment(env, { shell, home: user.homedir, name: user.username }, Date.now)
  const programs = new TerminalPrograms({
    tools: options.tools,
    home: user.homedir,
    loginShell: shell,
    environment,
    bundled: () =>
      findBinary(env).then(
        ({ path }) => path,
        () => null,
      ),
    shellsFile: '/etc/shells',
  })
  const sessionDirectory = (workspaceId: Id<'workspace'>, id: Id<'agent_session'>) => {
    const session = options.session(id)
    return session?.workspace_id === workspaceId && session.deleted_at === null ? session.directory : null
  }
  const pictures = new TerminalPictures(options.emulator)
  const service = new TerminalService({
    store: createTerminalStore(db),
    launcher: options.launcher,
    clock: systemClock,
    prepare: (order) =>
      prepareLaunch(
        {
          programs,
          environment,
          workspaceRoot: options.workspaceRoot,
          sessionDirectory,
          async beforeAgent(workspaceId, program, cwd) {
            const repository = settings.read(workspaceId).value[REPOSITORY_GUIDANCE] === true
            await offerGuidance(git, { program, home: user.homedir, cwd, repository })
          },
        },
        order,
      ),
    async checkpoint(source) {
      try {
        await pictures.checkpoint(source)
      } catch (cause) {
        log('warn', 'a picture of a terminal could not be made', { code: toPilotError(cause).code })
      }
    },
    log: (message, fields) => log('warn', message, fields),
  })
  const routes = terminalRoutes({
    service,
    pictures,
    programs: () => programs.list(),
    tmuxSessions: async () => tmuxSessions(await environment()),
    attachCommand: (row) => attachCommand(row, options.home, user.homedir),
    async directory({ row, source, running }, sessionId) {
      const pid = running ? source.status.program_pid : null
      const root = await options.workspaceRoot(row.workspace_id)
      const directory = sessionId && sessionDirectory(row.workspace_id, sessionId)
      return asOrdered([pid === null ? null : await currentDirectory(pid), row.cwd], {
        root,
        session: sessionId && directory ? { id: sessionId, directory } : null,
      })
    },
  })
  return { service, routes }
}

/** PILOT_HOME of whoever set none, as the command line has it. */
const usualHome = (userHome: string) =>
  process.platform === 'darwin'
    ? join(userHome, 'Library', 'Application Support', 'Pilot')
    : join(userHome, '.local', 'share', 'pilot')

/** What a person types in a shell of this machine to open the same terminal. */
function attachCommand({ terminal_id, launch, source }: TerminalRow, home: string, userHome: string): string {
  if (launch.kind === 'tmux') return tmuxAttachCommand(null, launch.session)
  if (source === 'tmux') return tmuxAttachCommand(tmuxServerPath(terminalsRoot(home), socketDirectory()), terminal_id)
  return pilotAttachCommand(terminal_id, home === usualHome(userHome) ? null : home)
}

/** Where `npm install --global --prefix` puts the programs of terminals. */
export const toolsDirectory = (runtimeRoot: string): string => join(runtimeRoot, 'tools')
