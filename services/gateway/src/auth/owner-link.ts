import { PilotError } from '@pilot/domain/errors'
import { type Id, isId, newId } from '@pilot/domain/ids'
import { and, asc, eq, gt, like, lte } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { randomToken, sha256Hex } from '../crypto/token.ts'
import { schema } from '../database.ts'
import { type AuditActor, audit } from '../services/audit.ts'

const { user, verification } = schema

export const OWNER_LINK_MS = 10 * 60_000
const PREFIX = 'owner-link:'

/** The person who owns this installation: the first platform admin. Created when there is none yet. */
export async function ensureOwner(app: App, name: string): Promise<Id<'user'>> {
  const [known] = await app.db
    .select({ id: user.id })
    .from(user)
    .where(eq(user.role, 'admin'))
    .orderBy(asc(user.id))
    .limit(1)
  if (known) return known.id
  const now = app.clock()
  const values = { id: newId('user'), name, email: 'owner@localhost', email_verified: true, role: 'admin' as const }
  const [made] = await app.db
    .insert(user)
    .values({ ...values, created_at: now, updated_at: now })
    .onConflictDoUpdate({ target: user.email, set: { role: 'admin', updated_at: now } })
    .returning({ id: user.id })
  if (!made) throw new PilotError('INTERNAL')
  return made.id
}

/**
 * A link that signs the owner in: once, within ten minutes. Only the hash of its secret is stored. The secret stands in
 * the fragment, which no server, proxy or referrer sees; the page posts it.
 */
export async function issueOwnerLink(
  app: App,
  ownerId: Id<'user'>,
  by: AuditActor,
): Promise<{ url: string; expires_at: Date }> {
  const secret = randomToken('')
  const now = app.clock()
  const expires_at = new Date(now.getTime() + OWNER_LINK_MS)
  const identifier = `${PREFIX}${await sha256Hex(secret)}`
  await app.db.batch([
    app.db
      .delete(verification)
      .where(and(like(verification.identifier, `${PREFIX}%`), lte(verification.expires_at, now))),
    app.db.insert(verification).values({ identifier, value: ownerId, expires_at, created_at: now, updated_at: now }),
  ])
  await audit(app, by, { action: 'owner_link.issue', target: ownerId })
  return { url: `${app.config.base_url}login#owner=${secret}`, expires_at }
}

/** Uses a link up and gives its user. Of two at the same moment one wins. Throws LINK_EXPIRED. */
export async function redeemOwnerLink(app: App, secret: string): Promise<Id<'user'>> {
  const [used] = await app.db
    .delete(verification)
    .where(
      and(eq(verification.identifier, `${PREFIX}${await sha256Hex(secret)}`), gt(verification.expires_at, app.clock())),
    )
    .returning({ value: verification.value })
  if (!used || !isId('user', used.value)) throw new PilotError('LINK_EXPIRED')
  return used.value
}
