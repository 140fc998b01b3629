import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { OrganizationIdSchema } from './organization.ts'
import { UserIdSchema } from './user.ts'

export const AuditLogIdSchema = idSchema('audit_log')
export type AuditLogId = z.infer<typeof AuditLogIdSchema>

export const AuditResultSchema = z.enum(['ok', 'refused', 'failed'])
export type AuditResult = z.infer<typeof AuditResultSchema>

/** Who did what, on behalf of whom. Append-only; rows outlive what they name. */
export const AuditLogSchema = z.object({
  id: AuditLogIdSchema,
  actor_user_id: UserIdSchema.nullable(),
  impersonator_id: UserIdSchema.nullable(),
  organization_id: OrganizationIdSchema.nullable(),
  action: z.string(),
  /** Id or slug of what was acted on. */
  target: z.string().nullable(),
  result: AuditResultSchema,
  request_id: z.string().nullable(),
  ip: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
  created_at: z.date(),
  updated_at: z.date(),
})
export type AuditLog = z.infer<typeof AuditLogSchema>
