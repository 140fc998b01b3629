import { changedRows } from '@pilot/domain/d1/db'
import { type ErrorCode, PilotError, toPilotError } from '@pilot/domain/errors'
import { type Id, idSchema } from '@pilot/domain/ids'
import { statesBefore } from '@pilot/domain/state-machines'
import { MAX_TERMINALS_PER_RUNTIME, TerminalStatusSchema } from '@pilot/protocol/terminal/model'
import { type CreateTerminal, LaunchSchema, type TerminalView } from '@pilot/protocol/terminal/rest'
import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { schema, type TerminalRow } from '../database.ts'
import type { WorkspaceScope } from '../policy/scope.ts'
import { usablePin } from '../proxy/tunnel.ts'
import { auditRow } from './audit.ts'

const { terminal, agent_session } = schema

/** Rows of one workspace that a list gives. */
const MAX_LISTED = 500
/** The machine gives a program this long to end before it answers. */
const CLOSE_TIMEOUT_MS = 10_000
/** Refusals after which nothing was started, so that the row goes again. */
const NOTHING_STARTED: ReadonlySet<ErrorCode> = new Set([
  'CAPABILITY_UNSUPPORTED',
  'VALIDATION_FAILED',
  'PATH_OUTSIDE_WORKSPACE',
  'NOT_FOUND',
  'SESSION_NOT_FOUND',
  'LIMIT_REACHED',
  'STALE_GENERATION',
  'AGENT_NOT_INSTALLED',
])

/** The machine may have started it all the same: the row waits for what it says next. */
const UNKNOWN_OUTCOME: ReadonlySet<ErrorCode> = new Set(['RUNTIME_TIMEOUT', 'RUNTIME_OFFLINE'])

const TerminalIdSchema = idSchema('terminal')
const noSuchTerminal = () => new PilotError('NOT_FOUND', 'There is no such terminal in this workspace.')

export const terminalView = (row: TerminalRow): TerminalView => ({
  id: row.id,
  workspace_id: row.workspace_id,
  agent_session_id: row.agent_session_id,
  title: row.title,
  command_kind: row.command_kind,
  cwd: row.cwd,
  cols: row.cols,
  rows: row.rows,
  state: row.state,
  exit_code: row.exit_code,
  mode: row.mode,
  source: row.source,
  last_activity_at: row.last_activity_at.toISOString(),
  created_at: row.created_at.toISOString(),
  created_by: row.created_by,
})

/** Terminals of a workspace that are not closed, oldest first. Read from the rows, so it works while the machine is off. */
export async function listTerminals(app: App, scope: WorkspaceScope): Promise<{ terminals: TerminalView[] }> {
  const rows = await app.db
    .select()
    .from(terminal)
    .where(and(eq(terminal.workspace_id, scope.workspace.id), isNull(terminal.archived_at)))
    .orderBy(asc(terminal.created_at), asc(terminal.id))
    .limit(MAX_LISTED)
  return { terminals: rows.map(terminalView) }
}

/** The row, looked up in this workspace only. Throws NOT_FOUND, also for what is no id at all. */
export async function terminalOf(app: App, scope: WorkspaceScope, id: unknown): Promise<TerminalRow> {
  const parsed = TerminalIdSchema.safeParse(id)
  const row = parsed.success ? await rowOf(app, scope, parsed.data) : undefined
  if (!row) throw noSuchTerminal()
  return row
}

async function rowOf(app: App, scope: WorkspaceScope, id: Id<'terminal'>): Promise<TerminalRow | undefined> {
  const [row] = await app.db.select().from(terminal).where(mine(scope, id)).limit(1)
  return row
}

const mine = (scope: WorkspaceScope, id: Id<'terminal'>) =>
  and(eq(terminal.id, id), eq(terminal.workspace_id, scope.workspace.id))

/** Somebody who acts as another user sees terminals and opens none. */
function assertMayType(scope: WorkspaceScope): void {
  if (scope.actor.impersonator_id !== null)
    throw new PilotError('FORBIDDEN', 'This is not possible while you act as somebody else.')
}

const limitOf = (app: App) => Math.min(app.config.limits.terminals_per_runtime, MAX_TERMINALS_PER_RUNTIME)
const limitReached = () =>
  new PilotError('LIMIT_REACHED', 'This machine holds as many terminals as are allowed here. Close one first.')

/** Terminals of a runtime that have, or may still have, a program. */
const countLive = (runtimeId: Id<'runtime'>) =>
  sql`(select count(*) from terminal live where live.runtime_id = ${runtimeId} and live.archived_at is null
      and live.state in ('starting', 'running', 'lost'))`

/**
 * Starts a terminal; its id is made by the caller, so that a repeated request makes one. `created` is false when it was
 * there. Throws CONFLICT (the id stands for something else), NOT_FOUND (it is used elsewhere), LIMIT_REACHED,
 * SESSION_NOT_FOUND, or what the machine refuses with; after RUNTIME_TIMEOUT the same request asks it again.
 */
export async function createTerminal(
  app: App,
  scope: WorkspaceScope,
  input: CreateTerminal,
): Promise<{ view: TerminalView; created: boolean }> {
  assertMayType(scope)
  const pin = usablePin(scope.workspace)
  const known = await rowOf(app, scope, input.id)
  if (known) {
    if (!sameRequest(known, input))
      throw new PilotError('CONFLICT', 'Another terminal was made with this id. Send the request with a new one.')
    if (known.state !== 'starting') return { view: terminalView(known), created: false }
    return { view: await start(app, scope, known, 'error'), created: false }
  }
  await assertOnline(app, pin.runtime_id)
  if (input.agent_session_id !== undefined) await assertSession(app, scope, input.agent_session_id)
  if (!(await insert(app, scope, pin.runtime_id, input))) {
    // Either the id is taken, here a moment ago or elsewhere, or there is no room.
    const [taken] = await app.db
      .select({ workspace_id: terminal.workspace_id })
      .from(terminal)
      .where(eq(terminal.id, input.id))
      .limit(1)
    if (!taken) throw limitReached()
    if (taken.workspace_id !== scope.workspace.id) throw noSuchTerminal()
  }
  const row = await terminalOf(app, scope, input.id)
  return { view: await start(app, scope, row, null), created: true }
}

/** Throws RUNTIME_OFFLINE before anything is stored. */
async function assertOnline(app: App, runtimeId: Id<'runtime'>): Promise<void> {
  const presence = await app.hub.presence([runtimeId])
  if (presence.get(runtimeId)?.online !== true) throw new PilotError('RUNTIME_OFFLINE')
}

/** Was the row made by this very request? Its title and size may have changed since. */
function sameRequest(row: TerminalRow, input: CreateTerminal): boolean {
  const text = (launch: Record<string, string>) => JSON.stringify(Object.entries(launch).sort())
  return (
    text(row.launch) === text({ ...input.launch }) &&
    row.cwd === input.cwd &&
    row.source === input.source &&
    row.agent_session_id === (input.agent_session_id ?? null)
  )
}

async function assertSession(app: App, scope: WorkspaceScope, id: Id<'agent_session'>): Promise<void> {
  const [row] = await app.db
    .select({ id: agent_session.id })
    .from(agent_session)
    .where(and(eq(agent_session.id, id), eq(agent_session.workspace_id, scope.workspace.id)))
    .limit(1)
  if (!row) throw new PilotError('SESSION_NOT_FOUND')
}

/** One statement, so that two requests cannot both take the last place. False when it is not the case that there is one. */
async function insert(
  app: App,
  { workspace, instance, actor }: WorkspaceScope,
  runtimeId: Id<'runtime'>,
  input: CreateTerminal,
): Promise<boolean> {
  const { id, launch, title, cwd, cols, rows, source, agent_session_id = null } = input
  const now = app.clock().getTime()
  const result = await app.db.run(sql`
    insert into terminal (id, instance_id, workspace_id, runtime_id, agent_session_id, title, command_kind, launch, cwd,
      cols, rows, state, mode, source, last_activity_at, created_by, created_at, updated_at)
    select ${id}, ${instance.id}, ${workspace.id}, ${runtimeId}, ${agent_session_id}, ${title}, ${launch.kind},
      ${JSON.stringify(launch)}, ${cwd}, ${cols}, ${rows}, 'starting', 'shared', ${source}, ${now}, ${actor.user.id},
      ${now}, ${now}
    where ${countLive(runtimeId)} < ${limitOf(app)}
    on conflict (id) do nothing`)
  return changedRows(result) > 0
}

/**
 * Has the program started and writes the outcome down. `failed` is the state that it falls back to when nothing was
 * started; null: it is new and goes again then. While the outcome is unknown the row stays `starting`, until the machine
 * says something or has not for long enough.
 */
async function start(
  app: App,
  scope: WorkspaceScope,
  row: TerminalRow,
  failed: 'error' | 'ended' | 'lost' | null,
): Promise<TerminalView> {
  const { runtime_id, generation } = usablePin(scope.workspace)
  const { actor, organization, workspace } = scope
  const entry = { action: 'terminal.create', organization_id: organization.id, target: row.id }
  const starting = and(mine(scope, row.id), eq(terminal.state, 'starting'))
  try {
    const data = await app.hub.command(runtime_id, {
      type: 'terminal.open',
      workspace_id: workspace.id,
      generation,
      actor: { user_id: actor.user.id, role: scope.role },
      terminal_id: row.id,
      launch: LaunchSchema.parse(row.launch),
      cwd: row.cwd,
      agent_session_id: row.agent_session_id ?? undefined,
      source: row.source,
      cols: row.cols,
      rows: row.rows,
      limit: limitOf(app),
    })
    const status = TerminalStatusSchema.safeParse(data)
    if (!status.success) throw new PilotError('RUNTIME_ERROR', undefined, undefined, { cause: status.error })
    const { state, exit_code, cols, rows } = status.data
    const now = app.clock()
    await app.db.batch([
      auditRow(app, actor, { ...entry, detail: { kind: row.command_kind } }),
      app.db
        .update(terminal)
        .set({ state, exit_code, cols, rows, last_activity_at: now, updated_at: now })
        .where(starting),
    ])
  } catch (cause) {
    const { code } = toPilotError(cause)
    if (!UNKNOWN_OUTCOME.has(code)) {
      const undo =
        failed === null && NOTHING_STARTED.has(code)
          ? app.db.delete(terminal).where(starting)
          : app.db
              .update(terminal)
              .set({ state: failed ?? 'error', updated_at: app.clock() })
              .where(starting)
      await app.db.batch([auditRow(app, actor, { ...entry, result: 'failed', detail: { code } }), undo])
      await touch(app, scope)
    }
    throw cause
  }
  await touch(app, scope)
  return terminalView(await terminalOf(app, scope, row.id))
}

const touch = (app: App, { organization, workspace, actor }: WorkspaceScope) =>
  app.hub.invalidate(organization.id, [['terminal', 'list', workspace.id]], actor.request_id)

export async function renameTerminal(
  app: App,
  scope: WorkspaceScope,
  id: unknown,
  input: { title: string },
): Promise<TerminalView> {
  assertMayType(scope)
  const row = await terminalOf(app, scope, id)
  await app.db.update(terminal).set({ title: input.title, updated_at: app.clock() }).where(mine(scope, row.id))
  await touch(app, scope)
  return terminalView({ ...row, title: input.title })
}

/**
 * Ends the program and takes the terminal off the list. Throws CONFLICT when the program ignores the hang-up and
 * `force` is not given, RUNTIME_OFFLINE when it may still run and nobody can end it. Closing twice is fine.
 */
export async function closeTerminal(app: App, scope: WorkspaceScope, id: unknown, force: boolean): Promise<void> {
  assertMayType(scope)
  const row = await terminalOf(app, scope, id)
  if (row.archived_at !== null) return
  const { actor, organization, workspace } = scope
  const entry = { action: 'terminal.close', organization_id: organization.id, target: row.id }
  const runs = row.state === 'starting' || row.state === 'running'
  try {
    const { runtime_id, generation } = usablePin(workspace)
    // A machine that no longer holds the workspace ends its terminals by itself.
    if (row.runtime_id === runtime_id)
      await app.hub.command(
        runtime_id,
        {
          type: 'terminal.close',
          workspace_id: workspace.id,
          generation,
          actor: { user_id: actor.user.id, role: scope.role },
          terminal_id: row.id,
          force,
        },
        CLOSE_TIMEOUT_MS,
      )
  } catch (cause) {
    const { code } = toPilotError(cause)
    // What does not run needs no machine to be forgotten.
    const gone = code === 'NOT_FOUND' || (!runs && code !== 'CONFLICT')
    if (!gone) {
      await auditRow(app, actor, { ...entry, result: 'failed', detail: { code, force } })
      throw cause
    }
  }
  const now = app.clock()
  await app.db.batch([
    auditRow(app, actor, { ...entry, detail: { force } }),
    app.db.update(terminal).set({ state: 'archived', archived_at: now, updated_at: now }).where(mine(scope, row.id)),
  ])
  await touch(app, scope)
}

/** Starts a new program in an ended, failed or lost terminal. Throws CONFLICT from any other state, LIMIT_REACHED. */
export async function reopenTerminal(app: App, scope: WorkspaceScope, id: unknown): Promise<TerminalView> {
  assertMayType(scope)
  const row = await terminalOf(app, scope, id)
  const { runtime_id } = usablePin(scope.workspace)
  const before = row.state
  if (before !== 'ended' && before !== 'error' && before !== 'lost')
    throw new PilotError('CONFLICT', `A terminal in the state "${before}" cannot be opened anew.`)
  await assertOnline(app, runtime_id)
  const [taken] = await app.db
    .update(terminal)
    .set({ state: 'starting', exit_code: null, runtime_id, updated_at: app.clock() })
    .where(
      and(
        mine(scope, row.id),
        eq(terminal.state, before),
        inArray(terminal.state, statesBefore('terminal.state', 'starting')),
        // A lost one has its place already.
        before === 'lost' ? undefined : sql`${countLive(runtime_id)} < ${limitOf(app)}`,
      ),
    )
    .returning()
  if (taken) return start(app, scope, taken, before)
  const now = await terminalOf(app, scope, row.id)
  throw now.state === before
    ? limitReached()
    : new PilotError('CONFLICT', 'Somebody else opens this terminal just now.')
}
