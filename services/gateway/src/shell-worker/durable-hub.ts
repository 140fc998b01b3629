import type { Id } from '@pilot/domain/ids'
import { z } from 'zod'
import type { HubPort, MemberIdentity, RuntimePresence } from '../hub/port.ts'
import { upgraded } from './durable-sockets.ts'
import type { Env } from './env.ts'
import { CALL_HEADER, ERROR_HEADER, parseError, resultOf } from './hub-rpc.ts'
import type { RuntimeHubCall } from './runtime-hub-object.ts'

const PresenceSchema: z.ZodType<RuntimePresence> = z.object({
  online: z.boolean(),
  last_seen_at: z.string().nullable(),
  version: z.string().nullable(),
  health: z
    .object({
      cpu: z.number(),
      memory_used: z.number(),
      memory_total: z.number(),
      disk_used: z.number(),
      disk_total: z.number(),
    })
    .nullable(),
})

/** A request for a hub. Whatever the client sent under our header's name is replaced. */
function addressed(request: Request, call: RuntimeHubCall | MemberIdentity): Request {
  const headers = new Headers(request.headers)
  headers.set(CALL_HEADER, JSON.stringify(call))
  return new Request(request, { headers })
}

/** The hubs as Durable Objects: one per runtime and one per organization, found by id. */
export function durableHub(env: Env): HubPort {
  const runtime = (id: Id<'runtime'>) => env.RUNTIME_HUB.getByName(id)
  const organization = (id: Id<'organization'>) => env.ORGANIZATION_WEBSOCKET.getByName(id)

  return {
    connectRuntime(request, identity) {
      const boot_id = request.headers.get('x-pilot-boot-id')?.slice(0, 80) ?? ''
      return runtime(identity.runtime_id).fetch(addressed(request, { kind: 'runtime', identity, boot_id }))
    },

    connectViewer(request, identity) {
      return runtime(identity.runtime_id).fetch(addressed(request, { kind: 'viewer', identity }))
    },

    connectOrganization(request, identity) {
      return organization(identity.organization_id).fetch(addressed(request, identity))
    },

    async refuse(request, code, reason) {
      const { 0: client, 1: server } = new WebSocketPair()
      server.accept()
      server.close(code, reason)
      return upgraded(request, client)
    },

    async tunnel(request, target) {
      const answer = await runtime(target.runtime_id).fetch(addressed(request, { kind: 'tunnel', target }))
      const error = answer.headers.get(ERROR_HEADER)
      if (error === null) return answer
      await answer.body?.cancel()
      throw parseError(error)
    },

    async command(runtimeId, message, timeoutMs) {
      return resultOf(await runtime(runtimeId).command(runtimeId, JSON.stringify(message), timeoutMs ?? null))
    },

    async presence(runtimeIds) {
      const known = await Promise.all(
        runtimeIds.map(async (id) => {
          const presence = PresenceSchema.parse(resultOf(await runtime(id).presence(id)))
          return [id, presence] as const
        }),
      )
      return new Map(known)
    },

    async disconnectRuntime(runtimeId, code, reason) {
      resultOf(await runtime(runtimeId).disconnectRuntime(runtimeId, code, reason))
    },

    async disconnectSession(organizationId, runtimeIds, sessionId, why) {
      const outcomes = await Promise.all([
        organization(organizationId).disconnectSession(organizationId, sessionId, why),
        ...runtimeIds.map((id) => runtime(id).disconnectSession(id, sessionId, why)),
      ])
      for (const text of outcomes) resultOf(text)
    },

    async invalidate(organizationId, keys, requestId) {
      resultOf(await organization(organizationId).invalidate(organizationId, JSON.stringify(keys), requestId ?? null))
    },

    async refreshWelcome(runtimeId) {
      resultOf(await runtime(runtimeId).refreshWelcome(runtimeId))
    },
  }
}
