import { CommandSchema } from '@pilot/protocol/agent/command'
import { SessionSnapshotSchema } from '@pilot/protocol/agent/event'
import { AgentSessionSchema } from '@pilot/protocol/agent/model'
import {
  CapabilitiesSchema,
  ModelStatusSchema,
  RuntimeHealthSchema,
  SessionDiffSchema,
  WorkspaceInfoSchema,
} from '@pilot/protocol/agent/rest'
import { networkError } from '../errors.ts'
import { type HttpOptions, request, requestJson } from './http.ts'
import type { RuntimeAPIs } from './runtime-apis.ts'

/** Path prefix of a workspace's machine on the control plane. */
export function workspacePath(slug: string): string {
  return `/api/chamber/workspaces/${encodeURIComponent(slug)}`
}

/**
 * The runtime's API for one workspace over HTTP. The slug is fixed for the life of the object: whoever shows another
 * workspace makes another one, so that no call can reach the wrong workspace.
 */
export function createRuntimeAPIs(slug: string, http: HttpOptions): RuntimeAPIs {
  const root = workspacePath(slug)
  const session = (id: string) => `${root}/sessions/${encodeURIComponent(id)}`
  return {
    slug,
    capabilities: (o) =>
      requestJson(http, { method: 'GET', path: `${root}/capabilities`, signal: o?.signal }, CapabilitiesSchema),
    health: (o) => requestJson(http, { method: 'GET', path: `${root}/health`, signal: o?.signal }, RuntimeHealthSchema),
    workspace: (o) =>
      requestJson(http, { method: 'GET', path: `${root}/workspace`, signal: o?.signal }, WorkspaceInfoSchema),
    model: (o) => requestJson(http, { method: 'GET', path: `${root}/model`, signal: o?.signal }, ModelStatusSchema),
    sessions: {
      create: (body, o) =>
        requestJson(http, { method: 'POST', path: `${root}/sessions`, body, signal: o?.signal }, AgentSessionSchema),
      update: (id, body, o) =>
        requestJson(http, { method: 'PATCH', path: session(id), body, signal: o?.signal }, AgentSessionSchema),
      delete: async (id, force, o) => {
        await request(http, { method: 'DELETE', path: `${session(id)}${force ? '?force=1' : ''}`, signal: o?.signal })
      },
      snapshot: (id, page, o) =>
        requestJson(
          http,
          {
            method: 'GET',
            path: `${session(id)}/snapshot${query({ before: page?.before, limit: page?.limit })}`,
            signal: o?.signal,
          },
          SessionSnapshotSchema,
        ),
      diff: (id, path, o) =>
        requestJson(
          http,
          { method: 'GET', path: `${session(id)}/diff${query({ path })}`, signal: o?.signal },
          SessionDiffSchema,
        ),
      partOutput: async (id, partId, o) => {
        const path = `${session(id)}/parts/${encodeURIComponent(partId)}/output`
        const { response } = await request(http, { method: 'GET', path, signal: o?.signal })
        try {
          return await response.text()
        } catch (cause) {
          o?.signal?.throwIfAborted()
          throw networkError(cause)
        }
      },
    },
    commands: {
      send: (body, o) =>
        requestJson(
          http,
          { method: 'POST', path: `${session(body.session_id)}/commands`, body, signal: o?.signal },
          CommandSchema,
        ),
      get: (id, command, o) =>
        requestJson(
          http,
          { method: 'GET', path: `${session(id)}/commands/${encodeURIComponent(command)}`, signal: o?.signal },
          CommandSchema,
        ),
    },
  }
}

function query(fields: Record<string, string | number | undefined>): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) params.set(key, String(value))
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}
