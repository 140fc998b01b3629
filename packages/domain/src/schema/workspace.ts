import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { RepoCloneState } from '../entities/repo-clone.ts'
import type { WorkspaceStatus, WorkspaceType } from '../entities/workspace.ts'
import type { AssignmentOutcome, AssignmentReason } from '../entities/workspace-assignment.ts'
import type { ErrorCode } from '../errors.ts'
import { user } from './auth.ts'
import { idColumn, json, primaryId, time, timestamps } from './columns.ts'
import { runtime } from './machine.ts'
import { instance } from './organization.ts'

const ownerInstance = () =>
  idColumn('instance')
    .notNull()
    .references(() => instance.id, { onDelete: 'cascade' })

export const workspace = sqliteTable(
  'workspace',
  {
    id: primaryId('workspace'),
    instance_id: ownerInstance(),
    slug: text().notNull(),
    name: text().notNull(),
    type: text().$type<WorkspaceType>().notNull(),
    config: json<Record<string, unknown>>()
      .notNull()
      .$defaultFn(() => ({})),
    status: text().$type<WorkspaceStatus>().notNull().default('creating'),
    runtime_id: idColumn('runtime').references(() => runtime.id, { onDelete: 'set null' }),
    assignment_generation: integer().notNull().default(0),
    root_path: text(),
    error_code: text().$type<ErrorCode>(),
    error_message: text(),
    archived_at: time(),
    deleted_at: time(),
    created_by: idColumn('user').references(() => user.id, { onDelete: 'set null' }),
    ...timestamps(),
  },
  (t) => [
    uniqueIndex('workspace_slug').on(t.slug).where(sql`deleted_at is null`),
    index('workspace_instance').on(t.instance_id, t.status, t.created_at),
    index('workspace_runtime').on(t.runtime_id),
    index('workspace_created_by').on(t.created_by),
  ],
)

export const workspace_assignment = sqliteTable(
  'workspace_assignment',
  {
    id: primaryId('workspace_assignment'),
    workspace_id: idColumn('workspace')
      .notNull()
      .references(() => workspace.id, { onDelete: 'cascade' }),
    instance_id: ownerInstance(),
    runtime_id: idColumn('runtime').references(() => runtime.id, { onDelete: 'set null' }),
    generation: integer().notNull(),
    reason: text().$type<AssignmentReason>().notNull(),
    actor_user_id: idColumn('user').references(() => user.id, { onDelete: 'set null' }),
    started_at: time().notNull(),
    ended_at: time(),
    outcome: text().$type<AssignmentOutcome>(),
    ...timestamps(),
  },
  (t) => [
    uniqueIndex('workspace_assignment_open').on(t.workspace_id).where(sql`ended_at is null`),
    index('workspace_assignment_workspace').on(t.workspace_id, t.generation),
    index('workspace_assignment_instance').on(t.instance_id),
    index('workspace_assignment_runtime').on(t.runtime_id),
    index('workspace_assignment_actor').on(t.actor_user_id),
  ],
)

export const repo = sqliteTable(
  'repo',
  {
    id: primaryId('repo'),
    instance_id: ownerInstance(),
    provider: text().notNull(),
    owner: text().notNull(),
    name: text().notNull(),
    default_branch: text(),
    clone_url: text().notNull(),
    ...timestamps(),
  },
  (t) => [uniqueIndex('repo_identity').on(t.instance_id, t.provider, t.owner, t.name)],
)

export const repo_clone = sqliteTable(
  'repo_clone',
  {
    id: primaryId('repo_clone'),
    instance_id: ownerInstance(),
    runtime_id: idColumn('runtime')
      .notNull()
      .references(() => runtime.id, { onDelete: 'cascade' }),
    repo_id: idColumn('repo')
      .notNull()
      .references(() => repo.id, { onDelete: 'cascade' }),
    state: text().$type<RepoCloneState>().notNull().default('absent'),
    size_bytes: integer(),
    fetched_at: time(),
    error: text(),
    ...timestamps(),
  },
  (t) => [
    uniqueIndex('repo_clone_runtime_repo').on(t.runtime_id, t.repo_id),
    index('repo_clone_instance').on(t.instance_id),
    index('repo_clone_repo').on(t.repo_id),
  ],
)
