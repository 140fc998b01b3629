import { PilotError } from '@pilot/domain/errors'
import type { Id } from '@pilot/domain/ids'
import { contract, type Policy, type Procedure } from '@pilot/protocol/api/contract'
import { eq } from 'drizzle-orm'
import { z } from 'zod'
import type { App } from '../app-context.ts'
import { endSession } from '../auth/sign-in.ts'
import { schema } from '../database.ts'
import type { Actor } from '../policy/scope.ts'
import type { CallContext } from '../trpc/init.ts'
import { audit } from './audit.ts'

const label = (policy: Policy) => ('min' in policy ? `${policy.kind}:${policy.min}` : policy.kind)

/** Every procedure with its policy and the JSON Schema of its input. */
export function listProcedures() {
  const table: Record<string, Record<string, Procedure>> = contract
  return Object.entries(table).flatMap(([name, procedures]) =>
    Object.entries(procedures).map(([key, { type, policy, input }]) => ({
      path: `${name}.${key}`,
      type,
      policy: label(policy),
      input: z.toJSONSchema(input, { unrepresentable: 'any', io: 'input' }),
    })),
  )
}

/** Calls a procedure as the admin themself: every policy applies as it does to anybody. */
export async function callProcedure(ctx: CallContext, actor: Actor, input: { path: string; input: unknown }) {
  if (input.path.startsWith('admin.'))
    throw new PilotError('VALIDATION_FAILED', 'Procedures of admin cannot be called through admin.')
  await audit(ctx.app, actor, { action: 'admin.call_procedure', target: input.path })
  return { result: await ctx.call(input.path, input.input) }
}

/** Lets a platform admin act as a user for at most an hour. Never as another platform admin. */
export async function impersonate(
  ctx: CallContext,
  actor: Actor,
  input: { user_id: Id<'user'>; reason: string },
): Promise<void> {
  const { app } = ctx
  const [target] = await app.db.select().from(schema.user).where(eq(schema.user.id, input.user_id)).limit(1)
  const entry = { action: 'admin.impersonate', target: input.user_id, detail: { reason: input.reason } }
  if (!target) throw new PilotError('NOT_FOUND', 'There is no such user.')
  if (target.role === 'admin') {
    await audit(app, actor, { ...entry, result: 'refused' })
    throw new PilotError('FORBIDDEN', 'A platform admin cannot be impersonated.')
  }
  await audit(app, actor, entry)
  const { headers } = await ctx.auth.api.impersonateUser({
    body: { userId: target.id },
    headers: ctx.request.headers,
    returnHeaders: true,
  })
  ctx.set_cookies.push(...headers.getSetCookie())
}

/** Ends an impersonation, with every socket that was opened in it, and gives the admin their own session back. */
export async function stopImpersonating(ctx: CallContext, actor: Actor): Promise<void> {
  if (actor.impersonator_id === null) throw new PilotError('CONFLICT', 'You do not act as somebody else.')
  await audit(ctx.app, actor, { action: 'admin.stop_impersonating', target: actor.user.id })
  const { headers } = await ctx.auth.api.stopImpersonating({ headers: ctx.request.headers, returnHeaders: true })
  await endSession(ctx.app, actor)
  ctx.set_cookies.push(...headers.getSetCookie())
}

/** What the platform knows of the caller's own session. */
export async function sessionInfo(app: App, actor: Actor): Promise<Record<string, unknown>> {
  const [row] = await app.db
    .select({
      id: schema.session.id,
      created_at: schema.session.created_at,
      expires_at: schema.session.expires_at,
      ip: schema.session.ip,
      user_agent: schema.session.user_agent,
    })
    .from(schema.session)
    .where(eq(schema.session.id, actor.session_id))
  return {
    user_id: actor.user.id,
    session_id: actor.session_id,
    created_at: row?.created_at.toISOString() ?? null,
    expires_at: row?.expires_at.toISOString() ?? null,
    ip: row?.ip ?? null,
    user_agent: row?.user_agent ?? null,
    stage: app.config.stage,
    version: app.config.version,
  }
}
