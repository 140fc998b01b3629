import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { AuditResult } from '../entities/audit-log.ts'
import type { SecretScope } from '../entities/secret.ts'
import type { SettingScope } from '../entities/setting.ts'
import { user } from './auth.ts'
import { idColumn, json, primaryId, time, timestamps } from './columns.ts'
import { instance } from './organization.ts'

export const event = sqliteTable(
  'event',
  {
    id: primaryId('event'),
    instance_id: idColumn('instance').references(() => instance.id, { onDelete: 'cascade' }),
    source: text().notNull(),
    type: text().notNull(),
    external_id: text().notNull(),
    payload: json<Record<string, unknown>>().notNull(),
    occurred_at: time().notNull(),
    ...timestamps(),
  },
  (t) => [
    // NULLs are distinct in a unique index of SQLite, so a missing instance is counted as ''. (The migration generator
    // splits expressions at commas, so this is coalesce without one.)
    uniqueIndex('event_identity').on(
      t.source,
      t.external_id,
      sql`(case when instance_id is null then '' else instance_id end)`,
    ),
    index('event_instance').on(t.instance_id, t.occurred_at),
  ],
)

export const secret = sqliteTable(
  'secret',
  {
    id: primaryId('secret'),
    instance_id: idColumn('instance')
      .notNull()
      .references(() => instance.id, { onDelete: 'cascade' }),
    scope: text().$type<SecretScope>().notNull(),
    scope_id: text().notNull(),
    key: text().notNull(),
    value: text().notNull(),
    kek_version: integer().notNull(),
    ...timestamps(),
  },
  (t) => [uniqueIndex('secret_identity').on(t.scope, t.scope_id, t.key), index('secret_instance').on(t.instance_id)],
)

export const setting = sqliteTable(
  'setting',
  {
    id: primaryId('setting'),
    instance_id: idColumn('instance').references(() => instance.id, { onDelete: 'cascade' }),
    scope: text().$type<SettingScope>().notNull(),
    scope_id: text().notNull(),
    value: json<Record<string, unknown>>().notNull(),
    version: integer().notNull().default(1),
    ...timestamps(),
  },
  (t) => [uniqueIndex('setting_identity').on(t.scope, t.scope_id), index('setting_instance').on(t.instance_id)],
)

export const push_subscription = sqliteTable(
  'push_subscription',
  {
    id: primaryId('push_subscription'),
    user_id: idColumn('user')
      .notNull()
      .references(() => user.id, { onDelete: 'cascade' }),
    endpoint: text().notNull().unique(),
    p256dh: text().notNull(),
    auth: text().notNull(),
    origin: text().notNull(),
    failures: integer().notNull().default(0),
    ...timestamps(),
  },
  (t) => [index('push_subscription_user').on(t.user_id)],
)

export const api_token = sqliteTable(
  'api_token',
  {
    id: primaryId('api_token'),
    user_id: idColumn('user').references(() => user.id, { onDelete: 'cascade' }),
    instance_id: idColumn('instance').references(() => instance.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    token_hash: text().notNull().unique(),
    scopes: json<string[]>().notNull(),
    expires_at: time(),
    last_used_at: time(),
    revoked_at: time(),
    ...timestamps(),
  },
  (t) => [index('api_token_user').on(t.user_id), index('api_token_instance').on(t.instance_id)],
)

/** No foreign keys: an entry outlives the people and things that it names. */
export const audit_log = sqliteTable(
  'audit_log',
  {
    id: primaryId('audit_log'),
    actor_user_id: idColumn('user'),
    impersonator_id: idColumn('user'),
    organization_id: idColumn('organization'),
    action: text().notNull(),
    target: text(),
    result: text().$type<AuditResult>().notNull().default('ok'),
    request_id: text(),
    ip: text(),
    detail: json<Record<string, unknown>>()
      .notNull()
      .$defaultFn(() => ({})),
    ...timestamps(),
  },
  (t) => [
    index('audit_log_organization').on(t.organization_id, t.created_at),
    index('audit_log_actor').on(t.actor_user_id, t.created_at),
  ],
)
