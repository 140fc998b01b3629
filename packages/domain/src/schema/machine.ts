import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { MachinePhase, MachineState, MachineType } from '../entities/machine.ts'
import type { RuntimeStatus, RuntimeSystem } from '../entities/runtime.ts'
import { user } from './auth.ts'
import { flag, idColumn, json, primaryId, time, timestamps } from './columns.ts'
import { instance } from './organization.ts'

export const machine = sqliteTable(
  'machine',
  {
    id: primaryId('machine'),
    instance_id: idColumn('instance')
      .notNull()
      .references(() => instance.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    type: text().$type<MachineType>().notNull(),
    state: text().$type<MachineState>().notNull().default('started'),
    phase: text().$type<MachinePhase>().notNull().default('none'),
    provider_external_id: text(),
    metadata: json<Record<string, unknown>>()
      .notNull()
      .$defaultFn(() => ({})),
    provisioning_deadline_at: time(),
    archived_at: time(),
    ...timestamps(),
  },
  (t) => [
    index('machine_instance').on(t.instance_id, t.state, t.created_at),
    index('machine_provisioning_deadline').on(t.provisioning_deadline_at).where(sql`phase = 'provisioning'`),
  ],
)

export const runtime = sqliteTable(
  'runtime',
  {
    id: primaryId('runtime'),
    machine_id: idColumn('machine')
      .notNull()
      .references(() => machine.id, { onDelete: 'cascade' }),
    instance_id: idColumn('instance')
      .notNull()
      .references(() => instance.id, { onDelete: 'cascade' }),
    label: text().notNull(),
    platform: text().$type<'runtime'>().notNull().default('runtime'),
    token_hash: text().notNull().unique(),
    token_version: integer().notNull().default(1),
    status: text().$type<RuntimeStatus>().notNull().default('enrolled'),
    draining: flag().notNull().default(false),
    capabilities: json<Record<string, boolean>>()
      .notNull()
      .$defaultFn(() => ({})),
    limits: json<Record<string, number>>()
      .notNull()
      .$defaultFn(() => ({})),
    system: json<RuntimeSystem>(),
    version: text(),
    os: text(),
    arch: text(),
    boot_id: text(),
    last_seen_at: time(),
    revoked_at: time(),
    ...timestamps(),
  },
  (t) => [
    uniqueIndex('runtime_live_per_machine').on(t.machine_id).where(sql`revoked_at is null`),
    index('runtime_machine').on(t.machine_id, t.created_at),
    index('runtime_instance').on(t.instance_id, t.status),
    index('runtime_online').on(t.last_seen_at).where(sql`status = 'online'`),
  ],
)

export const runtime_enrollment = sqliteTable(
  'runtime_enrollment',
  {
    id: primaryId('runtime_enrollment'),
    machine_id: idColumn('machine')
      .notNull()
      .references(() => machine.id, { onDelete: 'cascade' }),
    instance_id: idColumn('instance')
      .notNull()
      .references(() => instance.id, { onDelete: 'cascade' }),
    token_hash: text().notNull().unique(),
    expires_at: time().notNull(),
    used_at: time(),
    created_by: idColumn('user').references(() => user.id, { onDelete: 'set null' }),
    ...timestamps(),
  },
  (t) => [
    index('runtime_enrollment_machine').on(t.machine_id),
    index('runtime_enrollment_instance').on(t.instance_id),
    index('runtime_enrollment_created_by').on(t.created_by),
    index('runtime_enrollment_expires').on(t.expires_at),
  ],
)
