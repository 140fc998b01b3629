import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorBody, PilotError } from '@pilot/domain/errors'
import { contract, type Procedure } from '@pilot/protocol/api/contract'
import { type MockState, USER } from './mock-data.ts'
import type { MockMachine } from './mock-machine.ts'
import { PROCEDURES } from './mock-procedures.ts'
import { acceptSocket, quietSocket } from './mock-socket.ts'

const DIST = process.env.APP_DIST ?? fileURLToPath(new URL('../dist/client/', import.meta.url))
const TYPES: Record<string, string> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
}
const MAX_BODY = 1_000_000

export interface MockServer {
  /** Address with the base path, without a slash at its end. */
  url: string
  state: MockState
  close(): Promise<void>
}

/** Serves the built app below a base path with canned answers, on a free port of this computer. */
export async function startMockServer(state: MockState, base = '/', port = 0): Promise<MockServer> {
  const { html, policy } = await shell(base)
  const server = createServer((request, response) => {
    handle(request, response).catch((cause: unknown) => {
      const { status, body } = errorBody(cause, 'req_mock0000')
      send(response, status, body)
    })
  })
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://mock')
    if (!url.pathname.startsWith(base)) throw new PilotError('NOT_FOUND')
    const path = url.pathname.slice(base.length)
    if (path.startsWith('assets/')) return asset(response, path)
    if (path.startsWith('api/trpc/')) {
      await trpc(state, request, response, path.slice('api/trpc/'.length), url)
      return
    }
    if (path.startsWith('api/auth/'))
      return signIn(state, path.slice('api/auth/'.length), await json(request), response)
    const machine = machineAt(state, path)
    if (machine) return machineAnswer(machine, request, response, url)
    if (path.startsWith('api/')) throw new PilotError('RUNTIME_OFFLINE')
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy })
    response.end(html)
  }
  server.on('upgrade', (request, socket) => {
    const path = new URL(request.url ?? '/', 'http://mock').pathname.slice(base.length)
    const machine = machineAt(state, path)
    acceptSocket(request, socket, machine ? (connection) => machine.connect(connection) : quietSocket)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base.slice(0, -1)}`,
    state,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const MACHINE_PATH = /^api\/chamber\/workspaces\/([^/]+)\//

function machineAt(state: MockState, path: string): MockMachine | null {
  return state.machinesOf.get(MACHINE_PATH.exec(path)?.[1] ?? '') ?? null
}

async function machineAnswer(
  machine: MockMachine,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const body = request.method === 'POST' || request.method === 'PATCH' ? await json(request) : null
  const init = { method: request.method ?? 'GET', ...(body === null ? {} : { body: JSON.stringify(body) }) }
  const path = url.pathname.replace(/^.*\/workspaces\/[^/]+/, '')
  const answer = await machine.fetch(new Request(url, init), path)
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
  response.end(Buffer.from(await answer.arrayBuffer()))
}

async function shell(base: string): Promise<{ html: string; policy: string }> {
  const built = await readFile(join(DIST, 'index.html'), 'utf8')
  const html = built
    .replaceAll('./assets/', `${base}assets/`)
    .replace('<head>', `<head><meta name="pilot-base" content="${base}">`)
  const scripts = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)]
  const hashes = scripts.map(
    ([, text]) =>
      `'sha256-${createHash('sha256')
        .update(text ?? '')
        .digest('base64')}'`,
  )
  return {
    html,
    policy: `default-src 'self'; script-src 'self' ${hashes.join(' ')}; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'`,
  }
}

async function asset(response: ServerResponse, path: string): Promise<void> {
  const file = await readFile(join(DIST, path)).catch(() => null)
  if (!file || path.includes('..')) throw new PilotError('NOT_FOUND')
  response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' })
  response.end(file)
}

async function trpc(
  state: MockState,
  request: IncomingMessage,
  response: ServerResponse,
  paths: string,
  url: URL,
): Promise<void> {
  const names = decodeURIComponent(paths).split(',')
  const inputs = (
    request.method === 'GET' ? JSON.parse(url.searchParams.get('input') ?? '{}') : await json(request)
  ) as Record<string, unknown>
  const waits = names.some((name) => state.hanging.includes(name))
  if (waits) return
  const answers = names.map((name, index) => answer(state, name, inputs[String(index)]))
  const status = answers.every((one) => one.status === answers[0]?.status) ? (answers[0]?.status ?? 200) : 207
  send(
    response,
    status,
    answers.map((one) => one.body),
  )
}

function answer(state: MockState, name: string, raw: unknown): { status: number; body: unknown } {
  try {
    if (state.failing.includes(name)) throw new PilotError('INTERNAL')
    const [router = '', procedureName = ''] = name.split('.')
    const routers: Record<string, Record<string, Procedure>> = contract
    const procedure = routers[router]?.[procedureName]
    const handlers: Record<string, unknown> = PROCEDURES
    const handler = handlers[name] as ((state: MockState, input: unknown) => unknown) | undefined
    if (!procedure || !handler) throw new PilotError('NOT_FOUND', `The mock has no ${name}.`)
    const input = procedure.input.safeParse(raw)
    if (!input.success) throw new PilotError('VALIDATION_FAILED', input.error.issues[0]?.message)
    return { status: 200, body: { result: { data: procedure.output.parse(handler(state, input.data)) } } }
  } catch (cause) {
    const { status, body } = errorBody(cause, 'req_mock00000000')
    return { status, body: { error: { message: body.error.message, code: -32_603, data: body.error } } }
  }
}

function signIn(state: MockState, path: string, body: unknown, response: ServerResponse): void {
  const fields = body as { token?: string; email?: string }
  if (path === 'owner-link/redeem') {
    if (!fields.token || !state.ownerSecrets.includes(fields.token)) throw new PilotError('LINK_EXPIRED')
    state.ownerSecrets = []
    state.user = USER
  } else if (path === 'dev/login') state.user = { ...USER, email: fields.email ?? USER.email }
  else if (path === 'sign-out') state.user = null
  else throw new PilotError('NOT_FOUND')
  send(response, 200, { ok: true })
}

async function json(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > MAX_BODY) throw new PilotError('PAYLOAD_TOO_LARGE')
    chunks.push(chunk)
  }
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
