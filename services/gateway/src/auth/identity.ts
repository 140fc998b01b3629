import { storageError } from '@pilot/domain/d1/errors'
import { PilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import { and, eq, gt, sql } from 'drizzle-orm'
import { parse, parseSigned } from 'hono/utils/cookie'
import { type Database, preparedQuery, schema } from '../database.ts'

/** Who is behind a request's session cookie. */
export interface Identity {
  user: {
    id: Id<'user'>
    name: string
    email: string
    image: string | null
    role: 'user' | 'admin'
  }
  session_id: Id<'session'>
  /** The platform admin who acts as this user. */
  impersonator_id: Id<'user'> | null
}

/** Gives the identity of a request; the routes never read a cookie themselves. */
export interface IdentityPort {
  identify(request: Request): Promise<Identity | null>
}

/** A session ends after this long without use; `expires_at` is its absolute end. */
const IDLE_MS = 7 * 24 * 3_600_000
/** Use is noted at most this often, so that reading a page does not write. */
const TOUCH_MS = 3_600_000
/** Cookies whose signature is known to be right. */
const MAX_VERIFIED = 1_000

/**
 * Gives the token in a signed cookie, or null. Whether a signature is right depends on the cookie and the secret alone,
 * so it is computed once; what the token opens is never kept.
 */
function signedCookie(secret: string, name: string): (header: string) => Promise<string | null> {
  /** Token by the cookie's whole value, signature included; oldest first. */
  const verified = new Map<string, string>()
  return async (header) => {
    const value = parse(header, name)[name]
    if (value === undefined) return null
    const known = verified.get(value)
    if (known !== undefined) return known
    const token = (await parseSigned(header, secret, name))[name]
    if (typeof token !== 'string' || token === '') return null
    const [oldest] = verified.size < MAX_VERIFIED ? [] : verified.keys()
    if (oldest !== undefined) verified.delete(oldest)
    verified.set(value, token)
    return token
  }
}

const sessionByToken = preparedQuery((db) => {
  const { session, user } = schema
  return db
    .select({
      session: { id: session.id, updated_at: session.updated_at, impersonated_by: session.impersonated_by },
      user: { id: user.id, name: user.name, email: user.email, image: user.image, role: user.role },
      ban: { banned: user.banned, expires: user.ban_expires },
    })
    .from(session)
    .innerJoin(user, eq(user.id, session.user_id))
    .where(
      and(
        eq(session.token, sql.placeholder('token')),
        gt(session.expires_at, sql.param(sql.placeholder('now'), session.expires_at)),
      ),
    )
    .prepare()
})

/**
 * Reads the signed cookie that better-auth sets and looks its token up in one indexed query. There is no cookie cache:
 * a deleted session is gone with the next request.
 */
export function sessionIdentity(options: {
  db: Database
  secret: string
  cookie_name: string
  clock: () => Date
}): IdentityPort {
  const { db, clock } = options
  const tokenOf = signedCookie(options.secret, options.cookie_name)
  /** On a full disk the use is not noted: the worst that follows is an earlier end of the session. */
  const touch = async (id: Id<'session'>, now: Date) => {
    try {
      await db.update(schema.session).set({ updated_at: now }).where(eq(schema.session.id, id))
    } catch (cause) {
      const error = storageError(cause)
      if (!(error instanceof PilotError && error.code === 'STORAGE_FULL')) throw cause
    }
  }
  return {
    async identify(request) {
      const header = request.headers.get('cookie')
      const token = header === null ? null : await tokenOf(header)
      if (token === null) return null
      const now = clock()
      const [row] = await sessionByToken(db).all({ token, now })
      if (!row) return null
      const { session, user, ban } = row
      const idle = now.getTime() - session.updated_at.getTime()
      if (idle > IDLE_MS) return null
      if (ban.banned && (ban.expires === null || ban.expires > now)) return null
      if (idle > TOUCH_MS) await touch(session.id, now)
      return { user, session_id: session.id, impersonator_id: session.impersonated_by }
    },
  }
}
