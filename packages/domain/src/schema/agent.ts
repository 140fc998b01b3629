import { type AnySQLiteColumn, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { AgentKind, AgentSessionAttention, AgentSessionStatus } from '../entities/agent-session.ts'
import type { TerminalMode, TerminalSource, TerminalState } from '../entities/terminal.ts'
import type { WorktreeState } from '../entities/worktree.ts'
import { user } from './auth.ts'
import { idColumn, json, primaryId, time, timestamps } from './columns.ts'
import { runtime } from './machine.ts'
import { instance } from './organization.ts'
import { repo, workspace } from './workspace.ts'

const ownerInstance = () =>
  idColumn('instance')
    .notNull()
    .references(() => instance.id, { onDelete: 'cascade' })
const ownerWorkspace = () =>
  idColumn('workspace')
    .notNull()
    .references(() => workspace.id, { onDelete: 'cascade' })
const ownerRuntime = () =>
  idColumn('runtime')
    .notNull()
    .references(() => runtime.id, { onDelete: 'cascade' })

/**
 * Written from what a runtime reports, in any order: `parent_id` and `created_by` have no foreign key, because a child
 * may be reported before its parent and after its user was deleted.
 */
export const agent_session = sqliteTable(
  'agent_session',
  {
    id: primaryId('agent_session'),
    instance_id: ownerInstance(),
    workspace_id: ownerWorkspace(),
    runtime_id: ownerRuntime(),
    repo_id: idColumn('repo').references(() => repo.id, { onDelete: 'set null' }),
    worktree_id: idColumn('worktree').references((): AnySQLiteColumn => worktree.id, { onDelete: 'set null' }),
    agent: text().$type<AgentKind>().notNull(),
    external_id: text(),
    title: text().notNull().default(''),
    status: text().$type<AgentSessionStatus>().notNull().default('creating'),
    attention: text().$type<AgentSessionAttention>().notNull().default('none'),
    activity: text().notNull().default(''),
    branch: text(),
    additions: integer().notNull().default(0),
    deletions: integer().notNull().default(0),
    epoch: text().notNull().default(''),
    seq: integer().notNull().default(0),
    parent_id: idColumn('agent_session'),
    created_by: idColumn('user'),
    last_activity_at: time().notNull(),
    archived_at: time(),
    ...timestamps(),
  },
  (t) => [
    index('agent_session_workspace').on(t.workspace_id, t.archived_at, t.last_activity_at),
    index('agent_session_instance').on(t.instance_id, t.status),
    index('agent_session_runtime').on(t.runtime_id),
    index('agent_session_repo').on(t.repo_id),
    index('agent_session_worktree').on(t.worktree_id),
    index('agent_session_parent').on(t.parent_id),
  ],
)

export const worktree = sqliteTable(
  'worktree',
  {
    id: primaryId('worktree'),
    instance_id: ownerInstance(),
    workspace_id: ownerWorkspace(),
    repo_id: idColumn('repo').references(() => repo.id, { onDelete: 'set null' }),
    runtime_id: ownerRuntime(),
    agent_session_id: idColumn('agent_session').references((): AnySQLiteColumn => agent_session.id, {
      onDelete: 'set null',
    }),
    path: text().notNull(),
    branch: text().notNull(),
    base_ref: text().notNull(),
    base_sha: text().notNull(),
    state: text().$type<WorktreeState>().notNull().default('creating'),
    dirty_count: integer().notNull().default(0),
    size_bytes: integer(),
    ...timestamps(),
  },
  (t) => [
    index('worktree_workspace').on(t.workspace_id, t.state),
    index('worktree_instance').on(t.instance_id),
    index('worktree_repo').on(t.repo_id),
    index('worktree_runtime').on(t.runtime_id),
    index('worktree_agent_session').on(t.agent_session_id),
  ],
)

export const terminal = sqliteTable(
  'terminal',
  {
    id: primaryId('terminal'),
    instance_id: ownerInstance(),
    workspace_id: ownerWorkspace(),
    runtime_id: ownerRuntime(),
    agent_session_id: idColumn('agent_session').references(() => agent_session.id, { onDelete: 'set null' }),
    title: text().notNull().default(''),
    command_kind: text().notNull(),
    launch: json<Record<string, string>>().notNull().default({ kind: 'shell' }),
    cwd: text().notNull(),
    cols: integer().notNull(),
    rows: integer().notNull(),
    state: text().$type<TerminalState>().notNull().default('starting'),
    exit_code: integer(),
    mode: text().$type<TerminalMode>().notNull().default('shared'),
    source: text().$type<TerminalSource>().notNull().default('host'),
    last_activity_at: time().notNull(),
    archived_at: time(),
    created_by: idColumn('user').references(() => user.id, { onDelete: 'set null' }),
    ...timestamps(),
  },
  (t) => [
    index('terminal_workspace').on(t.workspace_id, t.archived_at, t.last_activity_at),
    index('terminal_instance').on(t.instance_id),
    index('terminal_runtime').on(t.runtime_id),
    index('terminal_agent_session').on(t.agent_session_id),
    index('terminal_created_by').on(t.created_by),
  ],
)
