import { getTableColumns } from 'drizzle-orm'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { z } from 'zod'
import { newId } from '../ids.ts'
import * as schema from '../schema/index.ts'
import * as entities from './index.ts'

/** The entity of every table; the compiler finds a missing one. */
const ENTITY = {
  account: entities.AccountSchema,
  agent_session: entities.AgentSessionSchema,
  api_token: entities.ApiTokenSchema,
  audit_log: entities.AuditLogSchema,
  device_code: entities.DeviceCodeSchema,
  event: entities.EventSchema,
  instance: entities.InstanceSchema,
  instance_account_permission: entities.InstanceAccountPermissionSchema,
  invitation: entities.InvitationSchema,
  machine: entities.MachineSchema,
  organization: entities.OrganizationSchema,
  organization_user_membership: entities.OrganizationUserMembershipSchema,
  passkey: entities.PasskeySchema,
  push_subscription: entities.PushSubscriptionSchema,
  repo: entities.RepoSchema,
  repo_clone: entities.RepoCloneSchema,
  runtime: entities.RuntimeSchema,
  runtime_enrollment: entities.RuntimeEnrollmentSchema,
  secret: entities.SecretSchema,
  session: entities.SessionSchema,
  setting: entities.SettingSchema,
  slug_alias: entities.SlugAliasSchema,
  terminal: entities.TerminalSchema,
  user: entities.UserSchema,
  verification: entities.VerificationSchema,
  workspace: entities.WorkspaceSchema,
  workspace_assignment: entities.WorkspaceAssignmentSchema,
  worktree: entities.WorktreeSchema,
} as const satisfies Record<keyof typeof schema, z.ZodObject>

type Tables = typeof schema
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Same = { [T in keyof Tables]: Equal<Tables[T]['$inferSelect'], z.infer<(typeof ENTITY)[T]>> }

describe('entities', () => {
  it('are the row types', () => {
    expectTypeOf<Same>().toEqualTypeOf<Record<keyof Tables, true>>()
  })

  it.each(Object.entries(schema))('%s: same fields, same nullability', (key, table) => {
    const name = key as keyof Tables
    const columns: Record<string, { notNull: boolean }> = getTableColumns(table)
    const shape: Record<string, z.ZodType> = ENTITY[name].shape
    expect(Object.keys(shape).sort()).toEqual(Object.keys(columns).sort())
    for (const [field, type] of Object.entries(shape)) {
      expect(type.safeParse(null).success, `${name}.${field}`).toBe(!columns[field]?.notNull)
    }
  })

  it('take a row and refuse ids of another kind', () => {
    const row: entities.Organization = {
      id: newId('organization'),
      name: 'Acme',
      slug: 'acme',
      created_at: new Date(),
      updated_at: new Date(),
    }
    expect(entities.OrganizationSchema.parse(row)).toEqual(row)
    expect(entities.OrganizationSchema.safeParse({ ...row, id: newId('user') }).success).toBe(false)
  })
})
