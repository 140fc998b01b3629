import { PilotError } from '@pilot/domain/errors'
import type { App } from '../app-context.ts'
import type { WorkspaceRow } from '../database.ts'
import { BODY_LIMIT, countedStream } from '../http/body.ts'
import type { GatewayContext } from '../http/context.ts'
import type { TunnelTarget, ViewerIdentity } from '../hub/port.ts'
import type { WorkspaceScope } from '../policy/scope.ts'
import { requestHeaders, responseHeaders } from './headers.ts'
import { canonicalPath } from './path.ts'

export const CHAMBER_PREFIX = '/api/chamber/workspaces/'
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
/** One chunk of an upload; everything that is not JSON may be this large. */
const CHUNK_LIMIT = 8 * 1_048_576

/** The pin of a workspace that can be used now. Throws WORKSPACE_NOT_READY, NO_ELIGIBLE_RUNTIME or CONFLICT. */
export function usablePin(row: WorkspaceRow): {
  runtime_id: NonNullable<WorkspaceRow['runtime_id']>
  generation: number
} {
  if (row.status === 'creating' || row.status === 'reassigning') throw new PilotError('WORKSPACE_NOT_READY')
  if (row.status === 'archived') throw new PilotError('CONFLICT', 'This workspace is archived. Restore it first.')
  if (row.status !== 'ready')
    throw new PilotError(
      row.error_code ?? 'WORKSPACE_NOT_READY',
      row.error_message ?? 'The workspace could not be prepared. Open its settings to see why and try again.',
    )
  if (!row.runtime_id) throw new PilotError('NO_ELIGIBLE_RUNTIME')
  return { runtime_id: row.runtime_id, generation: row.assignment_generation }
}

/** What the hub writes into the socket of a viewer. */
export function viewerIdentity(scope: WorkspaceScope): ViewerIdentity {
  return {
    ...usablePin(scope.workspace),
    organization_id: scope.organization.id,
    instance_id: scope.instance.id,
    workspace_id: scope.workspace.id,
    user_id: scope.actor.user.id,
    role: scope.role,
    session_id: scope.actor.session_id,
    read_only: scope.actor.impersonator_id !== null,
  }
}

/** Sends a chamber request to the machine that holds the workspace and streams the answer back. */
export async function tunnelRequest(app: App, c: GatewayContext, scope: WorkspaceScope): Promise<Response> {
  const request = c.req.raw
  // An agent runs commands: to prompt one, or to change anything, is as much as to type into a terminal.
  if (scope.actor.impersonator_id !== null && !READING.has(request.method))
    throw new PilotError('FORBIDDEN', 'This is not possible while you act as somebody else.')
  const url = new URL(request.url)
  const below = url.pathname.slice(CHAMBER_PREFIX.length)
  const slash = below.indexOf('/')
  const target = new URL('http://workspace.invalid/')
  target.pathname = canonicalPath(slash < 0 ? '' : below.slice(slash + 1))
  target.search = url.search
  const request_id = c.get('request_id')
  const pin: TunnelTarget = {
    ...usablePin(scope.workspace),
    workspace_id: scope.workspace.id,
    actor: { user_id: scope.actor.user.id, role: scope.role },
    request_id,
    session_id: scope.actor.session_id,
  }
  const { body, exceeded } = limitedBody(request)
  const init: RequestInit & { duplex: 'half' } = {
    method: request.method,
    headers: requestHeaders(request.headers, request_id),
    body,
    signal: request.signal,
    duplex: 'half',
  }
  let answer: Response
  try {
    answer = await app.hub.tunnel(new Request(target.href, init), pin)
  } catch (cause) {
    if (exceeded()) throw new PilotError('PAYLOAD_TOO_LARGE')
    throw cause
  }
  const empty = answer.status === 204 || answer.status === 304 || request.method === 'HEAD'
  return new Response(empty ? null : answer.body, {
    status: answer.status,
    headers: responseHeaders(answer.headers),
  })
}

/** The body as a stream that fails once it is larger than its kind may be, whatever its headers promise. */
function limitedBody(request: Request): { body: ReadableStream<Uint8Array> | null; exceeded: () => boolean } {
  const json = /^application\/(?:[\w.+-]+\+)?json\b/i.test(request.headers.get('content-type') ?? 'application/json')
  const limit = json ? BODY_LIMIT : CHUNK_LIMIT
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw new PilotError('PAYLOAD_TOO_LARGE')
  let over = false
  const exceeded = () => over
  if (!request.body) return { body: null, exceeded }
  const counter = countedStream(limit, () => {
    over = true
  })
  return { body: request.body.pipeThrough(counter), exceeded }
}
