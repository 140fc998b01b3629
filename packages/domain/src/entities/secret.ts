import { z } from 'zod'
import { idSchema } from '../ids.ts'
import { InstanceIdSchema } from './instance.ts'

export const SecretIdSchema = idSchema('secret')
export type SecretId = z.infer<typeof SecretIdSchema>

export const SecretScopeSchema = z.enum(['instance', 'workspace', 'machine'])
export type SecretScope = z.infer<typeof SecretScopeSchema>

/** A sealed value (AES-256-GCM). Write-only through the API. */
export const SecretSchema = z.object({
  id: SecretIdSchema,
  instance_id: InstanceIdSchema,
  scope: SecretScopeSchema,
  scope_id: z.string(),
  key: z.string(),
  /** Sealed, never plain. */
  value: z.string(),
  kek_version: z.int(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type Secret = z.infer<typeof SecretSchema>
