import type { Id } from '@pilot/domain/ids'
import { canTransition } from '@pilot/domain/state-machines'
import { and, eq, inArray, isNotNull, isNull } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { schema, type TerminalRow } from '../database.ts'
import type { TerminalChange, TerminalOutcome, TerminalReport } from '../hub/port.ts'

const { terminal } = schema

/** A terminal that was asked for this long ago, and that its machine does not list, was never started. */
const STARTING_MS = 90_000
/** Ids of one statement. */
const CHUNK = 50

/**
 * Brings rows in line with what a machine says of its terminals: one read, and one batch with a statement per row that
 * differs. A machine only ever speaks of its own terminals; each change is made only from the state that was read.
 * `workspaces` are those whose list looks different now.
 */
export async function projectTerminals(
  app: App,
  runtimeId: Id<'runtime'>,
  change: TerminalChange,
): Promise<TerminalOutcome & { workspaces: Id<'workspace'>[] }> {
  const rows = await affected(app, runtimeId, change)
  const now = app.clock()
  const said = new Map(change.reports.map((report) => [report.terminal_id, report]))
  const missing: Id<'terminal'>[] = []
  const updates: { row: TerminalRow; set: Partial<TerminalRow> }[] = []
  for (const row of rows) {
    const report = said.get(row.id)
    if (change.closed.includes(row.id)) updates.push({ row, set: { state: 'archived', archived_at: now } })
    else if (report && report.workspace_id === row.workspace_id) {
      const set = difference(row, report, now)
      if (Object.keys(set).length > 0) updates.push({ row, set })
    } else if (change.lost.includes(row.id)) {
      const state = row.state === 'starting' ? 'error' : 'lost'
      if (canTransition('terminal.state', row.state, state)) updates.push({ row, set: { state } })
    } else if (change.complete && (row.state === 'running' || isStuck(row, now))) missing.push(row.id)
  }
  const [first, ...more] = updates.map(({ row, set }) =>
    app.db
      .update(terminal)
      .set({ ...set, updated_at: now })
      .where(and(eq(terminal.id, row.id), eq(terminal.runtime_id, runtimeId), eq(terminal.state, row.state))),
  )
  if (first) await app.db.batch([first, ...more])
  const shown = updates.filter(({ set }) => 'state' in set || 'mode' in set || 'exit_code' in set)
  return {
    missing,
    unwanted: change.complete ? await unwantedOf(app, runtimeId, [...said.keys()]) : [],
    workspaces: [...new Set(shown.map(({ row }) => row.workspace_id))],
  }
}

/** Terminals that the machine has and whose rows say that they were closed. */
async function unwantedOf(
  app: App,
  runtimeId: Id<'runtime'>,
  ids: Id<'terminal'>[],
): Promise<TerminalOutcome['unwanted']> {
  const found: TerminalOutcome['unwanted'] = []
  const closed = and(eq(terminal.runtime_id, runtimeId), isNotNull(terminal.archived_at))
  for (let at = 0; at < ids.length; at += CHUNK) {
    const rows = await app.db
      .select({ terminal_id: terminal.id, workspace_id: terminal.workspace_id, created_by: terminal.created_by })
      .from(terminal)
      .where(and(closed, inArray(terminal.id, ids.slice(at, at + CHUNK))))
    for (const { created_by, ...row } of rows) if (created_by !== null) found.push({ ...row, created_by })
  }
  return found
}

const isStuck = (row: TerminalRow, now: Date) =>
  row.state === 'starting' && now.getTime() - row.updated_at.getTime() >= STARTING_MS

/** Rows that the change can be about. Those that ended and are reported as such again cost nothing but this read. */
async function affected(app: App, runtimeId: Id<'runtime'>, change: TerminalChange): Promise<TerminalRow[]> {
  const open = and(eq(terminal.runtime_id, runtimeId), isNull(terminal.archived_at))
  if (change.complete) return app.db.select().from(terminal).where(open).limit(1_000)
  const ids = [...change.reports.map((report) => report.terminal_id), ...change.lost, ...change.closed]
  const found: TerminalRow[] = []
  for (let at = 0; at < ids.length; at += CHUNK)
    found.push(
      ...(await app.db
        .select()
        .from(terminal)
        .where(and(open, inArray(terminal.id, ids.slice(at, at + CHUNK))))),
    )
  return found
}

function difference(row: TerminalRow, report: TerminalReport, now: Date): Partial<TerminalRow> {
  const { state, exit_code, mode, cols, rows, active } = report
  if (state !== row.state && !canTransition('terminal.state', row.state, state)) return {}
  return {
    ...(state === row.state ? {} : { state }),
    ...(exit_code === row.exit_code ? {} : { exit_code }),
    ...(mode === row.mode ? {} : { mode }),
    ...(cols === row.cols && rows === row.rows ? {} : { cols, rows }),
    ...(active ? { last_activity_at: now } : {}),
  }
}
