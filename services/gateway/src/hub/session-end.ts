import { CLOSE, type CloseCode } from '@pilot/protocol/close-codes'
import { z } from 'zod'

/**
 * Why the streams of a sign-in session end. `revoked`: it may not come back; `changed`: it may do something else now, and
 * its tabs come back as what they are.
 */
export const SessionEndSchema = z.enum(['revoked', 'changed'])
export type SessionEnd = z.infer<typeof SessionEndSchema>

/** How its sockets are closed. */
export const SESSION_END: Record<SessionEnd, readonly [CloseCode, string]> = {
  revoked: [CLOSE.revoked, 'signed out'],
  changed: [CLOSE.shutdown, 'other rights'],
}
