import { request } from 'node:http'
import { PilotError } from '@pilot/domain/errors'

/** Where a running OpenCode listens, and what opens it. */
export interface Connection {
  pid: number
  port: number
  password: string
  version: string
}

export interface CallOptions {
  /** Always sent in the query: the header alone would cover every clone of the repository. */
  directory?: string
  body?: unknown
  /** Milliseconds until the answer must be complete. */
  timeoutMs?: number
}

export interface CallResult {
  status: number
  /** Parsed body; undefined when there is none. */
  json: unknown
}

const DEFAULT_TIMEOUT_MS = 15_000

export function baseUrl(connection: Connection): string {
  return `http://127.0.0.1:${connection.port}`
}

export function authorization(connection: Connection): string {
  return `Basic ${Buffer.from(`opencode:${connection.password}`).toString('base64')}`
}

/**
 * One call of OpenCode's v1 API. 2xx and 404 are results; everything else throws PilotError AGENT_UNAVAILABLE: no
 * connection, no answer in time, an error status, or a page of HTML (OpenCode answers unknown paths with its web app).
 */
export async function call(
  connection: Connection,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  options: CallOptions = {},
): Promise<CallResult> {
  const url = new URL(path, baseUrl(connection))
  if (options.directory !== undefined) url.searchParams.set('directory', options.directory)
  // On loopback a compressed answer costs more than it saves.
  const headers: Record<string, string> = { authorization: authorization(connection), 'accept-encoding': 'identity' }
  if (options.body !== undefined) headers['content-type'] = 'application/json'
  let response: Response
  let text: string
  try {
    response = await fetch(url, {
      method,
      headers,
      signal: AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    })
    text = await response.text()
  } catch (cause) {
    throw new PilotError('AGENT_UNAVAILABLE', 'The coding agent does not answer. Try again.', undefined, { cause })
  }
  const type = response.headers.get('content-type') ?? ''
  if (text !== '' && !type.includes('json')) throw unexpected(method, url.pathname, response.status, 'not JSON')
  const json = parse(text)
  if (!response.ok && response.status !== 404) throw unexpected(method, url.pathname, response.status, text)
  return { status: response.status, json }
}

function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new PilotError('AGENT_UNAVAILABLE', 'The coding agent sent an answer that cannot be read.')
  }
}

function unexpected(method: string, path: string, status: number, detail: string): PilotError {
  return new PilotError('AGENT_UNAVAILABLE', 'The coding agent answered with an error. Try again.', undefined, {
    cause: new Error(`${method} ${path}: HTTP ${status} ${detail.slice(0, 500)}`),
  })
}

/**
 * Asks for a sign of life on a new connection: right after its start, and when it is wedged, OpenCode accepts
 * connections that it never answers. Null when there is none within `timeoutMs`.
 */
export function probe(connection: Connection, timeoutMs: number): Promise<{ version: string } | null> {
  return new Promise((resolve) => {
    const finish = (value: { version: string } | null) => {
      clearTimeout(timer)
      outgoing.destroy()
      resolve(value)
    }
    const outgoing = request(
      `${baseUrl(connection)}/global/health`,
      { agent: false, headers: { authorization: authorization(connection), connection: 'close' } },
      (incoming) => {
        let text = ''
        incoming.setEncoding('utf8')
        incoming.on('data', (chunk: string) => {
          text += chunk
        })
        incoming.on('error', () => finish(null))
        incoming.on('end', () => finish(incoming.statusCode === 200 ? readHealth(text) : null))
      },
    )
    const timer = setTimeout(() => finish(null), timeoutMs)
    outgoing.on('error', () => finish(null))
    outgoing.end()
  })
}

function readHealth(text: string): { version: string } | null {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body !== 'object' || body === null || !('healthy' in body) || body.healthy !== true) return null
    return 'version' in body && typeof body.version === 'string' ? { version: body.version } : null
  } catch {
    return null
  }
}
