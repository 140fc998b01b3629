import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { OrganizationIdSchema } from './organization.ts'

export const InstanceIdSchema = idSchema('instance')
export type InstanceId = z.infer<typeof InstanceIdSchema>

/** Most of each kind in the instance; absent means the installation's default. */
export const InstanceLimitsSchema = z.object({
  machines: z.int().positive().optional(),
  workspaces: z.int().positive().optional(),
  agent_sessions: z.int().positive().optional(),
})
export type InstanceLimits = z.infer<typeof InstanceLimitsSchema>

/** A separated part of an organization: machines, workspaces, secrets, events. */
export const InstanceSchema = z.object({
  id: InstanceIdSchema,
  organization_id: OrganizationIdSchema,
  name: z.string(),
  slug: z.string(),
  limits: InstanceLimitsSchema,
  flags: z.record(z.string(), z.boolean()),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Instance = z.infer<typeof InstanceSchema>
