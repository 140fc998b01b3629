import { PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import type { UserView } from '@pilot/protocol/api/views'
import { eq } from 'drizzle-orm'
import type { App } from '../app-context.ts'
import { schema } from '../database.ts'
import type { Actor } from '../policy/scope.ts'

const { user } = schema
type UserRow = typeof user.$inferSelect

export const userView = (row: Pick<UserRow, 'id' | 'name' | 'email' | 'image' | 'role'>): UserView => ({
  id: row.id,
  name: row.name,
  email: row.email,
  image: row.image,
  role: row.role,
})

/** The user with that e-mail address, created when missing. For development, tests and the first owner only. */
export async function findOrCreateUser(
  app: App,
  input: { email: string; name?: string | undefined; platform_admin?: boolean | undefined },
): Promise<UserRow> {
  const email = input.email.trim().toLowerCase()
  const now = app.clock()
  const role = input.platform_admin ? ('admin' as const) : ('user' as const)
  const name = input.name ?? email.split('@')[0] ?? email
  await app.db
    .insert(user)
    .values({ id: newId('user'), name, email, email_verified: true, role, created_at: now, updated_at: now })
    .onConflictDoNothing()
  const [row] = await app.db.select().from(user).where(eq(user.email, email)).limit(1)
  if (!row) throw new PilotError('INTERNAL')
  return row
}

export async function updateUser(app: App, actor: Actor, input: { name: string }): Promise<UserView> {
  const [row] = await app.db
    .update(user)
    .set({ name: input.name, updated_at: app.clock() })
    .where(eq(user.id, actor.user.id))
    .returning()
  if (!row) throw new PilotError('UNAUTHENTICATED')
  return userView(row)
}
