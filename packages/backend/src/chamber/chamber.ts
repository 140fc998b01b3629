import { PilotError } from '@pilot/domain/errors'
import { z } from 'zod'
import type { RuntimeAdapter } from '../adapter/adapter.ts'
import type { RequestContext } from '../sessions/ports.ts'
import { readChamberBody } from './bodies.ts'
import type { EventRing } from './event-ring.ts'
import { eventStream } from './event-stream.ts'
import { type ChamberOwnership, clientDirectory, directoriesOf } from './ownership.ts'
import { type ChamberMatch, matchChamberRoute } from './route-table.ts'

/** More sessions than this wait for a person in one workspace: the rest is left out of a list. */
const MAX_ASKED_DIRECTORIES = 32

const ListedSchema = z.array(z.looseObject({ id: z.string() }))
const AskedSchema = z.array(z.looseObject({ id: z.string(), sessionID: z.string() }))

export interface ChamberDeps {
  adapter: RuntimeAdapter
  ownership: ChamberOwnership
  ring: EventRing
  /** Resolved root of the workspace, or null while it cannot be used. */
  root: (workspaceId: RequestContext['workspace_id']) => string | null
}

/**
 * Answers OpenCode's own routes for existing clients. Gives null when the path is none of them. An id that belongs to
 * another workspace, or to nobody, is NOT_FOUND and never reaches OpenCode.
 */
export function createChamber(deps: ChamberDeps) {
  const { adapter, ownership } = deps

  function owned(kind: Parameters<ChamberOwnership['owner']>[0], id: string, context: RequestContext) {
    const owner = ownership.owner(kind, id)
    if (owner?.workspace_id !== context.workspace_id) throw new PilotError('NOT_FOUND')
    return owner.session_id
  }

  /** The one session that all ids of the path name; null when the path names none. */
  function sessionOf(match: ChamberMatch, context: RequestContext) {
    const { session, ...others } = match.ids
    let owner = session === undefined ? null : owned('session', session, context)
    for (const kind of ['message', 'permission', 'question'] as const) {
      const id = others[kind]
      if (id === undefined) continue
      const holder = owned(kind, id, context)
      if (owner !== null && holder !== owner) throw new PilotError('NOT_FOUND')
      owner = holder
    }
    return owner
  }

  function target(match: ChamberMatch, url: URL, directory: string): string {
    const path = match.route.path.replace(/:([a-z]+)/g, (_, name: string) => encodeURIComponent(match.ids[name] ?? ''))
    const query = new URLSearchParams({ directory })
    for (const name of match.route.query ?? []) {
      const value = url.searchParams.get(name)
      if (value !== null && value.length <= 500) query.set(name, value)
    }
    return `${path}?${query}`
  }

  async function pass(match: ChamberMatch, request: Request, url: URL, context: RequestContext): Promise<Response> {
    const session = sessionOf(match, context)
    const directory = session === null ? null : ownership.directory(session)
    if (directory === null) throw new PilotError('NOT_FOUND')
    const body = await readChamberBody(match.route, request)
    if (typeof body?.messageID === 'string') {
      // OpenCode adds a text to a message that exists already, whoever owns it.
      const owner = ownership.owner('message', body.messageID)
      if (owner !== null && owner.session_id !== session) throw new PilotError('NOT_FOUND')
    }
    return adapter.proxy(outgoing(request, body), target(match, url, directory))
  }

  async function sessions(match: ChamberMatch, request: Request, url: URL, context: RequestContext): Promise<Response> {
    const root = deps.root(context.workspace_id)
    if (root === null) throw new PilotError('WORKSPACE_NOT_READY')
    const path = `${target(match, url, root)}&scope=project`
    const listed = ListedSchema.parse(await json(await adapter.proxy(outgoing(request, null), path)))
    return Response.json(listed.filter((one) => isOwned('session', one.id, context)))
  }

  const isOwned = (kind: 'session' | 'permission' | 'question', id: string, context: RequestContext) =>
    ownership.owner(kind, id)?.workspace_id === context.workspace_id

  async function children(match: ChamberMatch, request: Request, url: URL, context: RequestContext): Promise<Response> {
    const listed = ListedSchema.parse(await json(await pass(match, request, url, context)))
    return Response.json(listed.filter((one) => isOwned('session', one.id, context)))
  }

  /** OpenCode keeps asks per directory, so only the directories where somebody waits are asked. */
  async function asks(match: ChamberMatch, request: Request, url: URL, context: RequestContext): Promise<Response> {
    const waiting = ownership
      .summaries(context.workspace_id)
      .filter((summary) => summary.attention === 'permission' || summary.attention === 'question')
      .map((summary) => ownership.directory(summary.agent_session_id))
      .filter((directory) => directory !== null)
    const found = []
    for (const directory of [...new Set(waiting)].slice(0, MAX_ASKED_DIRECTORIES)) {
      const answer = await adapter.proxy(outgoing(request, null), target(match, url, directory))
      found.push(...AskedSchema.parse(await json(answer)))
    }
    return Response.json(found.filter((one) => isOwned('session', one.sessionID, context)))
  }

  /** In OpenCode's words; a session that is absent is idle. */
  function status(context: RequestContext): Response {
    const busy: Record<string, { type: 'busy' } | { type: 'retry'; attempt: number; message: string; next: number }> =
      {}
    for (const { external_id, status: state, activity } of ownership.summaries(context.workspace_id)) {
      if (external_id === null) continue
      if (state === 'busy' || state === 'waiting') busy[external_id] = { type: 'busy' }
      if (state === 'retry') busy[external_id] = { type: 'retry', attempt: 1, message: activity, next: 0 }
    }
    return Response.json(busy)
  }

  return {
    async handle(request: Request, url: URL, context: RequestContext): Promise<Response | null> {
      const match = matchChamberRoute(request.method, url.pathname)
      if (!match) return null
      const { workspace_id } = context
      const own = () => directoriesOf(ownership, workspace_id, deps.root(workspace_id))
      const directory = await clientDirectory(url, own)
      switch (match.route.answer) {
        case 'pass':
          return pass(match, request, url, context)
        case 'children':
          return children(match, request, url, context)
        case 'sessions':
          return sessions(match, request, url, context)
        case 'status':
          return status(context)
        case 'permissions':
        case 'questions':
          return asks(match, request, url, context)
        default:
          return eventStream({
            ring: deps.ring,
            shape: match.route.answer === 'event' ? 'event' : 'global',
            wanted: (one) => (directory === undefined ? ownership.holds(workspace_id, one) : one === directory),
            lastEventId: request.headers.get('last-event-id'),
            signal: request.signal,
          })
      }
    },
  }
}
export type Chamber = ReturnType<typeof createChamber>

/** The request as OpenCode gets it: nothing of the client's but the method and a body that was checked. */
function outgoing(request: Request, body: Record<string, unknown> | null): Request {
  const headers = new Headers({ accept: 'application/json' })
  if (body !== null) headers.set('content-type', 'application/json')
  return new Request('http://opencode.invalid/', {
    method: request.method,
    headers,
    signal: request.signal,
    body: body === null ? undefined : JSON.stringify(body),
  })
}

async function json(response: Response): Promise<unknown> {
  if (!response.ok) {
    await response.body?.cancel()
    throw new PilotError('RUNTIME_ERROR', 'The coding agent could not answer this. Try again.')
  }
  return response.json()
}
