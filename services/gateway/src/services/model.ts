import { PilotError } from '@pilot/domain/errors'
import { type Id, newId } from '@pilot/domain/ids'
import { ModelProviderSchema, type ModelSettingsView } from '@pilot/protocol/api/views'
import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import type { App } from '../app-context.ts'
import { schema } from '../database.ts'
import type { Welcome } from '../hub/port.ts'
import type { InstanceScope } from '../policy/scope.ts'
import { auditRow } from './audit.ts'

const { secret, setting, runtime } = schema
const KEY = 'model'

/** What `setting.value.model` of an instance holds; the key itself is a sealed row of `secret`. */
const StoredSchema = z.object({ provider: ModelProviderSchema, model: z.string(), base_url: z.string() })
type Stored = z.infer<typeof StoredSchema>

const settingOf = (instanceId: Id<'instance'>) =>
  and(eq(setting.scope, 'instance'), eq(setting.scope_id, instanceId), eq(setting.instance_id, instanceId))
const secretOf = (instanceId: Id<'instance'>) =>
  and(eq(secret.scope, 'instance'), eq(secret.scope_id, instanceId), eq(secret.key, KEY))
/** What the sealed value is bound to. */
const sealContext = (instanceId: Id<'instance'>) => `instance:${instanceId}:${KEY}`

async function read(app: App, instanceId: Id<'instance'>) {
  const [row] = await app.db.select().from(setting).where(settingOf(instanceId)).limit(1)
  const [key] = await app.db.select().from(secret).where(secretOf(instanceId)).limit(1)
  const stored = StoredSchema.safeParse(row?.value.model)
  return { row, key, stored: stored.success ? stored.data : null }
}

function view(stored: Stored | null, hasKey: boolean, updated: Date | null): ModelSettingsView {
  const { provider, model, base_url } = stored ?? { provider: 'demo' as const, model: '', base_url: '' }
  return { provider, model, base_url, has_key: hasKey, updated_at: updated?.toISOString() ?? null }
}

export async function getModel(app: App, scope: InstanceScope): Promise<ModelSettingsView> {
  const { row, key, stored } = await read(app, scope.instance.id)
  return view(stored, key !== undefined, stored && row ? row.updated_at : null)
}

function assertBaseUrl(provider: Stored['provider'], text: string): void {
  if (text === '') {
    if (provider === 'custom')
      throw new PilotError('VALIDATION_FAILED', '"base_url": give the address of the model API.')
    return
  }
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !['https:', 'http:'].includes(url.protocol) || url.username !== '' || url.password !== '')
    throw new PilotError('VALIDATION_FAILED', '"base_url": give an http or https address without a user name.')
}

/**
 * Sets which model an instance uses. The key is sealed before it is stored and never leaves the control plane but in the
 * welcome of the instance's runtimes. Without `api_key` the stored one is kept while provider and address stay the same:
 * a key is never sent to another address than the one it was entered for. `demo` forgets everything.
 */
export async function setModel(
  app: App,
  scope: InstanceScope,
  input: Stored & { api_key?: string | undefined },
): Promise<ModelSettingsView> {
  const { instance, organization, actor } = scope
  const { provider, model, base_url, api_key } = input
  if (provider !== 'demo') assertBaseUrl(provider, base_url)
  const { row, key, stored } = await read(app, instance.id)
  const now = app.clock()
  const next: Stored = provider === 'demo' ? { provider, model: '', base_url: '' } : { provider, model, base_url }
  const sameTarget = stored?.provider === provider && stored.base_url === base_url
  const keep = provider !== 'demo' && api_key === undefined && sameTarget && key !== undefined
  if (provider !== 'demo' && provider !== 'custom' && api_key === undefined && !keep)
    throw new PilotError('VALIDATION_FAILED', '"api_key": enter the key of this provider.')
  const value = { ...(row?.value ?? {}), model: next }
  const times = { created_at: now, updated_at: now }
  const write = row
    ? app.db
        .update(setting)
        .set({ value, version: row.version + 1, updated_at: now })
        .where(and(eq(setting.id, row.id), eq(setting.version, row.version)))
    : app.db
        .insert(setting)
        .values({ instance_id: instance.id, scope: 'instance', scope_id: instance.id, value, ...times })
  const sealed = api_key === undefined ? null : await app.sealer.seal(api_key, sealContext(instance.id))
  await app.db.batch([
    write,
    ...(keep ? [] : [app.db.delete(secret).where(secretOf(instance.id))]),
    ...(sealed && provider !== 'demo'
      ? [
          app.db.insert(secret).values({
            id: newId('secret'),
            instance_id: instance.id,
            scope: 'instance',
            scope_id: instance.id,
            key: KEY,
            value: sealed.sealed,
            kek_version: sealed.kek_version,
            ...times,
          }),
        ]
      : []),
    auditRow(app, actor, {
      action: 'model.set',
      organization_id: organization.id,
      target: instance.id,
      detail: { provider, model: next.model, key: keep ? 'kept' : sealed ? 'replaced' : 'none' },
    }),
  ])
  await app.hub.invalidate(organization.id, [['model', 'get', instance.id]], actor.request_id)
  const runtimes = await app.db
    .select({ id: runtime.id })
    .from(runtime)
    .where(and(eq(runtime.instance_id, instance.id), isNull(runtime.revoked_at)))
  for (const { id } of runtimes) await app.hub.refreshWelcome(id)
  return view(next, keep || (sealed !== null && provider !== 'demo'), now)
}

/** The settings with the opened key, for the welcome of a runtime of that instance; null when nothing was set. */
export async function modelForRuntime(app: App, instanceId: Id<'instance'>): Promise<Welcome['model']> {
  const { key, stored } = await read(app, instanceId)
  if (!stored || stored.provider === 'demo') return null
  const api_key = key ? await app.sealer.open(key.value, key.kek_version, sealContext(instanceId)) : null
  return { ...stored, label: stored.model || stored.provider, api_key }
}
