import { and, eq, lte } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { schema } from '../database.ts'

/** What a control plane that was restarted no longer knows to be true: nobody is online until they say hello. */
export async function forgetPresence(app: App): Promise<void> {
  await app.db.update(schema.runtime).set({ status: 'offline' }).where(eq(schema.runtime.status, 'online'))
}

/** Deletes what has expired: sign-in sessions, one-time links, enrolment tokens, slugs that are free again. */
export async function sweep(app: App): Promise<void> {
  const now = app.clock()
  const { session, verification, runtime_enrollment, slug_alias } = schema
  await app.db.batch([
    app.db.delete(session).where(lte(session.expires_at, now)),
    app.db.delete(verification).where(lte(verification.expires_at, now)),
    app.db.delete(runtime_enrollment).where(lte(runtime_enrollment.expires_at, now)),
    app.db.delete(slug_alias).where(and(eq(slug_alias.current, false), lte(slug_alias.released_at, now))),
  ])
}
