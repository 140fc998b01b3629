import { idSchema } from '@pilot/domain/ids'
import { z } from 'zod'

/** The envelope's version. It changes only when old and new can no longer understand each other at all. */
export const SCHEMA_VERSION = '1'

/** Correlation and reply id: client-made ids are accepted only in this form. */
export const REQUEST_ID_PATTERN = /^[A-Za-z0-9_-]{8,80}$/
export const RequestIdSchema = z.string().regex(REQUEST_ID_PATTERN)

/** Integers in JSON stay exact up to 2^53-1. */
export const CounterSchema = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)
/** A channel number of the binary frame; 0 is never used. */
export const ChannelSchema = z.number().int().min(1).max(0xffff_ffff)

/** Who caused a message on link R. Written by the hub from the socket's attachment, never taken from a browser. */
export const ActorSchema = z.object({ user_id: idSchema('user'), role: z.enum(['owner', 'admin', 'member']) })
export type Actor = z.infer<typeof ActorSchema>

/** What every workspace message carries on link R. */
export const workspaceScope = {
  workspace_id: idSchema('workspace'),
  generation: CounterSchema,
  actor: ActorSchema,
}

/** Schema of a message that may carry a correlation id. Unknown fields are dropped. */
export function message<T extends string, S extends z.ZodRawShape>(type: T, shape: S) {
  return z.object({
    schema_version: z.literal(SCHEMA_VERSION),
    type: z.literal(type),
    request_id: RequestIdSchema.optional(),
    ...shape,
  })
}

/** Schema of a message that is answered: its `request_id` comes back in `ack`, `error` or the named reply. */
export function trackedMessage<T extends string, S extends z.ZodRawShape>(type: T, shape: S) {
  return z.object({
    schema_version: z.literal(SCHEMA_VERSION),
    type: z.literal(type),
    request_id: RequestIdSchema,
    ...shape,
  })
}
