import type { Id } from '@pilot/domain/ids'
import { eq } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { schema } from '../database.ts'
import { liveRuntimes } from '../services/organization.ts'
import type { Auth } from './better-auth.ts'
import type { Identity } from './identity.ts'

/** Headers that a sign-in hands to better-auth: it needs the user agent for the session row and nothing else. */
const agentOnly = (request: Request) => new Headers({ 'user-agent': request.headers.get('user-agent') ?? '' })

/**
 * Begins a session for a user and gives the cookies to set. The session that the browser had before, if any, ends: a
 * sign-in always changes the session's id.
 */
export async function beginSession(
  app: App,
  auth: Auth,
  request: Request,
  who: { user_id: Id<'user'>; ip: string; former: Identity | null },
): Promise<string[]> {
  const { headers } = await auth.api.signInAs({
    body: { user_id: who.user_id, ip: who.ip },
    headers: agentOnly(request),
    returnHeaders: true,
  })
  if (who.former) await endSession(app, who.former)
  return headers.getSetCookie()
}

/** Deletes a session and closes every socket that was opened with it. */
export async function endSession(app: App, identity: Identity): Promise<void> {
  await app.db.delete(schema.session).where(eq(schema.session.id, identity.session_id))
  const memberships = await app.db
    .select({ id: schema.organization_user_membership.organization_id })
    .from(schema.organization_user_membership)
    .where(eq(schema.organization_user_membership.user_id, identity.user.id))
  for (const { id } of memberships)
    await app.hub.disconnectSession(id, await liveRuntimes(app, id), identity.session_id, 'revoked')
}
