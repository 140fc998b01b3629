import { stat } from 'node:fs/promises'
import { createLocalAdapter } from '@pilot/backend/adapter/local-adapter'
import { type BackendApp, createBackendApp } from '@pilot/backend/app'
import { createChamber } from '@pilot/backend/chamber/chamber'
import { createEventRing } from '@pilot/backend/chamber/event-ring'
import { createInstanceEngine } from '@pilot/backend/engine/instance-engine'
import type { OpenCodeEngine } from '@pilot/backend/engine/opencode/opencode-engine'
import { bootId } from '@pilot/backend/engine/opencode/process-info'
import { readGitIdentity } from '@pilot/backend/git/identity'
import { inspectRepository } from '@pilot/backend/git/repository'
import { createGit } from '@pilot/backend/git/run'
import { sessionRoutes } from '@pilot/backend/sessions/routes'
import { createSessionService, type SessionService } from '@pilot/backend/sessions/service'
import { ownershipRows } from '@pilot/backend/sessions/store/ownership-rows'
import { sessionRows } from '@pilot/backend/sessions/store/session-rows'
import { createSettingsStore } from '@pilot/backend/settings/settings'
import type { TerminalService } from '@pilot/backend/terminal/service'
import { createWorkspaceRegistry, type WorkspaceRegistry } from '@pilot/backend/workspaces/registry'
import { createWorkspaceStore } from '@pilot/backend/workspaces/store'
import { createSessionDirectories } from '@pilot/backend/worktrees/session-directories'
import { createWorktreeStore } from '@pilot/backend/worktrees/store'
import { PilotError } from '@pilot/domain/errors'
import { type Id, newId } from '@pilot/domain/ids'
import type { SqliteDatabase } from '@pilot/domain/sqlite/port'
import { openRuntimeDatabase } from './database.ts'
import type { Identity } from './identity.ts'
import type { Log } from './log.ts'
import type { ModelSource } from './model-source.ts'
import type { RuntimePaths } from './paths.ts'
import { createTerminals, type TerminalPlatform, toolsDirectory } from './terminals.ts'
import { RUNTIME_VERSION } from './version.ts'

export interface BackendOptions {
  /** PILOT_HOME. */
  home: string
  paths: RuntimePaths
  identity: Identity
  label: string
  model: ModelSource
  openDatabase: (file: string) => SqliteDatabase
  /** Environment of the daemon, without keys. */
  env: Record<string, string | undefined>
  /** Null where there are no terminals. */
  terminals: TerminalPlatform | null
  log: Log
}

export interface Backend {
  app: BackendApp
  registry: WorkspaceRegistry
  service: SessionService
  engine: OpenCodeEngine
  terminals: TerminalService | null
  /** What this machine offers to the control plane; `git` says that it can hold clones. */
  capabilities(): Record<string, boolean>
  /** The model endpoint takes what the model source says now. */
  modelChanged(): void
  /** Takes up what an earlier process left: its OpenCode, its sessions, its worktrees. */
  start(): Promise<void>
  /** Ends everything that was started here; with `keepEngine` OpenCode is left to the next runtime. */
  stop(options: { keepEngine: boolean }): Promise<void>
}

/** Puts together what serves the workspaces of one instance on this machine. Starts no engine. */
export async function createBackend(options: BackendOptions): Promise<Backend> {
  const { home, paths, identity, env, log } = options
  const db = await openRuntimeDatabase(paths.database, options.openDatabase)
  const git = createGit({ environment: env })
  const {
    engine,
    model: endpoint,
    stop: stopEngine,
  } = await createInstanceEngine({
    root: paths.engine(identity.instance_id),
    model: options.model.current().config,
    identity: await readGitIdentity(git, paths.root),
    openDatabase: options.openDatabase,
    env,
    log: (message, cause) => log('warn', message, { cause }),
    endpoint: { log: (entry) => log('info', 'model call', entry) },
  })

  const directories = createSessionDirectories({
    git,
    store: createWorktreeStore(db),
    worktreesHome: paths.worktrees,
    workspaceRoot: (workspaceId) => registry.usableRoot(workspaceId),
  })
  const registry: WorkspaceRegistry = createWorkspaceRegistry({
    home,
    git,
    store: createWorkspaceStore(db),
    now: () => new Date(),
    beforeRemove: async ({ workspace_id }, force) => {
      if (!force) await directories.assertAllClean(workspace_id)
      for (const { agent_session_id, parent_id, deleted } of service.events.summaries(workspace_id)) {
        if (parent_id === null && !deleted) await service.remove(workspace_id, agent_session_id, { force: true })
      }
      await directories.removeAll(workspace_id, { force: true })
    },
    onGone: (workspaceId) => {
      abortSessions(workspaceId)
      terminals?.service.workspaceGone(workspaceId)
    },
  })
  const info = await stat(paths.database)
  const service = createSessionService({
    db,
    continuity: { boot_id: await bootId(), storage_id: `${info.dev}:${info.ino}` },
    instanceId: identity.instance_id,
    engine,
    directories,
    currentModel: () => endpoint.model(),
    log: (message, cause) => log('warn', message, { cause }),
  })

  /** What the machine no longer serves must not go on working there. */
  function abortSessions(workspaceId: Id<'workspace'>): void {
    for (const { agent_session_id: id, status, created_by } of service.events.summaries(workspaceId)) {
      if (created_by === null || !['busy', 'retry', 'waiting'].includes(status)) continue
      try {
        const command = { id: newId('command'), session_id: id, kind: 'abort' } as const
        service.submit(workspaceId, id, { user_id: created_by, role: 'member' }, command)
      } catch (cause) {
        log('warn', 'a session of a workspace that is gone could not be stopped', { cause })
      }
    }
  }

  const ring = createEventRing(newId('request'))
  const unsubscribe = engine.subscribeRaw((event) => ring.push(event))
  const sessions = sessionRows(db)
  const owners = ownershipRows(db)
  const rootOf = (workspaceId: string) => registry.get(workspaceId)?.root_path ?? null
  const settings = createSettingsStore(db)
  const terminals =
    options.terminals &&
    createTerminals({
      ...options.terminals,
      home,
      tools: toolsDirectory(paths.root),
      db,
      git,
      env,
      settings,
      workspaceRoot: (workspaceId) => registry.usableRoot(workspaceId),
      session: (id) => sessions.get(id),
      log,
    })
  const adapter = createLocalAdapter({
    identity: {
      runtimeId: identity.runtime_id,
      runtimeLabel: options.label,
      platform: 'runtime',
      version: RUNTIME_VERSION,
    },
    engine,
    opencode: engine,
    terminal: terminals !== null,
    now: () => new Date(),
  })
  const app = createBackendApp({
    adapter,
    registry,
    inspect: (root) => inspectRepository(git, root),
    worktrees: (workspaceId) => directories.ofWorkspace(workspaceId).filter((row) => row.is_worktree).length,
    summaries: (workspaceId) => service.events.summaries(workspaceId).filter((summary) => !summary.deleted),
    model: () => ({ current: endpoint.model(), key_source: options.model.current().key_source }),
    settings,
    sessions: sessionRoutes(service),
    terminals: terminals?.routes,
    log: (message, cause) => log('error', message, { cause }),
    chamber: createChamber({
      adapter,
      ring,
      root: rootOf,
      ownership: {
        owner: (kind, externalId) => owners.owner(kind, externalId),
        directory: (sessionId) => sessions.get(sessionId)?.directory ?? null,
        holds: (workspaceId, directory) =>
          directory === rootOf(workspaceId) || directories.holds(workspaceId, directory),
        summaries: (workspaceId) => service.events.summaries(workspaceId).filter((summary) => !summary.deleted),
      },
    }),
  })

  const hasGit = await git.version().then(
    () => true,
    () => false,
  )
  return {
    app,
    capabilities: () => ({ ...app.capabilities(), git: hasGit }),
    registry,
    service,
    engine,
    terminals: terminals?.service ?? null,
    modelChanged: () => endpoint.setModel(options.model.current().config),
    async start() {
      service.start()
      await terminals?.service.start().catch((cause: unknown) => {
        log('warn', 'the terminals of the last run could not be taken up', { cause })
      })
      try {
        if (await engine.adopt()) log('info', 'took over the running OpenCode')
        const isAlive = (id: Id<'agent_session'>) => sessions.get(id)?.deleted_at === null
        const { orphaned, unknown } = await directories.reconcile(isAlive)
        if (orphaned > 0 || unknown.length > 0) log('info', 'worktrees without a session', { orphaned, unknown })
        await registry.purgeTrash()
      } catch (cause) {
        log('warn', 'not everything of the last run could be taken up', { cause })
      }
    },
    async stop({ keepEngine }) {
      unsubscribe()
      terminals?.service.stop()
      await service.close()
      await stopEngine({ keep: keepEngine })
      db.close()
    },
  }
}

/** Throws unless the process may run as this user: agents and terminals would be root, too. */
export function assertUser(allowRoot: boolean, uid: number | undefined): void {
  if (uid !== 0 || allowRoot) return
  throw new PilotError(
    'FORBIDDEN',
    'The runtime does not run as root: every agent would be root, too. Use an ordinary user, or start it with --allow-root.',
  )
}
