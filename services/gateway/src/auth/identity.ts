import { storageError } from '@pilot/domain/d1/errors'
import { PilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import { and, eq, gt } from 'drizzle-orm'
import { parseSigned } from 'hono/utils/cookie'
import { type Database, schema } from '../database.ts'

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
      if (!header?.includes(`${options.cookie_name}=`)) return null
      const token = (await parseSigned(header, options.secret, options.cookie_name))[options.cookie_name]
      if (typeof token !== 'string' || token === '') return null
      const now = clock()
      const [row] = await db
        .select({ session: schema.session, user: schema.user })
        .from(schema.session)
        .innerJoin(schema.user, eq(schema.user.id, schema.session.user_id))
        .where(and(eq(schema.session.token, token), gt(schema.session.expires_at, now)))
        .limit(1)
      if (!row) return null
      const { session, user } = row
      const idle = now.getTime() - session.updated_at.getTime()
      if (idle > IDLE_MS) return null
      if (user.banned && (user.ban_expires === null || user.ban_expires > now)) return null
      if (idle > TOUCH_MS) await touch(session.id, now)
      return {
        user: { id: user.id, name: user.name, email: user.email, image: user.image, role: user.role },
        session_id: session.id,
        impersonator_id: session.impersonated_by,
      }
    },
  }
}
