import { idSchema } from '@pilot/domain/ids'
import { PositionSchema } from '@pilot/protocol/agent/event'
import { z } from 'zod'

/** One accepted WebSocket as the hubs see it, whichever shell holds it. */
export interface HubSocket {
  /** False when the socket is gone or its shell refuses more; it is closed then. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean
  close(code: number, reason: string): void
  /** What was stored beside the socket; survives a sleep of the hub. Null before the first `setAttachment`. */
  attachment(): unknown
  /** At most `MAX_ATTACHMENT_BYTES` as JSON. */
  setAttachment(value: Attachment): void
  /** Last ping that was answered without waking the hub, ms since the epoch; null when there was none. */
  lastAutoResponse(): number | null
}

export const MAX_ATTACHMENT_BYTES = 16_384

export const RuntimeAttachmentSchema = z.object({
  kind: z.literal('runtime'),
  runtime_id: idSchema('runtime'),
  instance_id: idSchema('instance'),
  organization_id: idSchema('organization'),
  /** Count of links of this runtime: the highest is the one that counts. */
  link: z.number().int().positive(),
  boot_id: z.string().nullable(),
  version: z.string().nullable(),
  connected_at: z.number(),
  last_seen_at: z.number(),
})
export type RuntimeAttachment = z.infer<typeof RuntimeAttachmentSchema>

export const ViewerWatchSchema = z.object({
  agent_session_id: idSchema('agent_session'),
  /** What the viewer has acknowledged; null until it has any state. */
  acked: PositionSchema.nullable(),
})
export const ViewerAttachmentSchema = z.object({
  kind: z.literal('viewer'),
  runtime_id: idSchema('runtime'),
  organization_id: idSchema('organization'),
  instance_id: idSchema('instance'),
  workspace_id: idSchema('workspace'),
  generation: z.number().int(),
  user_id: idSchema('user'),
  role: z.enum(['owner', 'admin', 'member']),
  session_id: idSchema('session'),
  read_only: z.boolean(),
  watches: z.array(ViewerWatchSchema),
})
export type ViewerAttachment = z.infer<typeof ViewerAttachmentSchema>

export const MemberAttachmentSchema = z.object({
  kind: z.literal('member'),
  organization_id: idSchema('organization'),
  user_id: idSchema('user'),
  session_id: idSchema('session'),
})
export type MemberAttachment = z.infer<typeof MemberAttachmentSchema>

export const AttachmentSchema = z.discriminatedUnion('kind', [
  RuntimeAttachmentSchema,
  ViewerAttachmentSchema,
  MemberAttachmentSchema,
])
export type Attachment = z.infer<typeof AttachmentSchema>

/** Reads what is stored beside a socket; null when there is nothing usable. */
export function readAttachment(socket: HubSocket): Attachment | null {
  const parsed = AttachmentSchema.safeParse(socket.attachment())
  return parsed.success ? parsed.data : null
}
