import { openPilotDb } from '@pilot/domain/d1/db'
import type { Id } from '@pilot/domain/ids'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import type { Contract, Procedure } from '@pilot/protocol/api/contract'
import type { z } from 'zod'
import { makeApp } from '../app.ts'
import { schema } from '../database.ts'
import { DEFAULT_LIMITS, type GatewayConfig } from '../deps.ts'
import { redeemEnrollment } from '../services/enrollment.ts'
import { FakeHub } from './fake-hub.ts'

export const ORIGIN = 'http://localhost:14070'
const KEY = 'A'.repeat(43)

export interface LogLine {
  level: string
  fields: object
  message: string
}

/** A whole gateway in memory with a hub that the test controls. `api` calls are made as a browser would make them. */
export function makeWorld(overrides: Partial<GatewayConfig> = {}) {
  const hub = new FakeHub()
  const logs: LogLine[] = []
  const deferred: Promise<unknown>[] = []
  let now = Date.parse('2026-01-01T00:00:00Z')
  const log = (level: string) => (fields: object, message: string) => {
    logs.push({ level, fields, message })
  }
  const config: GatewayConfig = {
    stage: 'test',
    version: '0.0.0',
    base_url: `${ORIGIN}/`,
    hosts: ['localhost:14070', '127.0.0.1:14070', '[::1]:14070'],
    origins: [ORIGIN, 'http://127.0.0.1:14070', 'http://[::1]:14070'],
    loopback: true,
    providers: [],
    features: { mount: false },
    limits: { ...DEFAULT_LIMITS },
    ...overrides,
  }
  const sqlite = openNodeSqlite()
  const gateway = makeApp({
    db: openPilotDb(sqlite),
    hub,
    pages: { fetch: async (_request, found) => new Response('<!doctype html>', { status: found ? 200 : 404 }) },
    config,
    keys: { auth_secret: 'test-secret-test-secret-test-secret!', kek: { '1': KEY } },
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    clock: () => new Date(now),
    defer: (work) => {
      deferred.push(work)
    },
  })

  const request = (path: string, init: RequestInit = {}, ip = '127.0.0.1') =>
    gateway.fetch(new Request(new URL(path, ORIGIN), init), { ip })

  /** A person with a cookie jar. */
  async function signIn(email: string) {
    const response = await request('/api/auth/dev/login', {
      method: 'POST',
      headers: { origin: ORIGIN, 'x-pilot-csrf': '1', 'content-type': 'application/json' },
      body: JSON.stringify({ email }),
    })
    if (!response.ok) throw new Error(`sign-in failed: ${await response.text()}`)
    return person(response)
  }

  function person(signedIn: Response) {
    let cookie = cookiesOf(signedIn)
    const send = async (path: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers)
      headers.set('cookie', cookie)
      if (!headers.has('origin')) headers.set('origin', ORIGIN)
      if (!headers.has('x-pilot-csrf')) headers.set('x-pilot-csrf', '1')
      const response = await request(path, { ...init, headers })
      const changed = cookiesOf(response)
      if (changed !== '') cookie = changed
      return response
    }
    const rest = (method: string, path: string, body?: unknown) =>
      send(path, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
    const rpc = async (path: string, type: 'query' | 'mutation', input?: unknown) => {
      const response =
        type === 'query'
          ? await send(
              `/api/trpc/${path}${input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`}`,
            )
          : await send(`/api/trpc/${path}`, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              ...(input === undefined ? {} : { body: JSON.stringify(input) }),
            })
      return { status: response.status, body: (await response.json()) as RpcBody }
    }
    /** Calls a query or mutation and gives its data; throws what the server refused with. */
    async function call<R extends keyof Contract, P extends keyof Contract[R] & string>(
      router: R,
      procedure: P,
      type: 'query' | 'mutation',
      input?: Contract[R][P] extends Procedure ? z.input<Contract[R][P]['input']> : never,
    ): Promise<Contract[R][P] extends Procedure ? z.output<Contract[R][P]['output']> : never> {
      const { body } = await rpc(`${router}.${procedure}`, type, input)
      if (body.error) throw Object.assign(new Error(body.error.message), { code: body.error.data.code })
      return body.result?.data as never
    }
    return { send, rest, rpc, call, cookie: () => cookie }
  }
  type Person = ReturnType<typeof person>

  /** Enrols a machine of an instance and puts its runtime online. */
  async function enrol(who: Person, machineId: Id<'machine'>) {
    const { token } = await who.call('machine', 'enroll', 'mutation', { machine_id: machineId })
    const body = { token, label: 'box', os: 'linux', arch: 'x64', version: '1', boot_id: 'boot-12345' }
    const made = await redeemEnrollment(gateway.app, body, { request_id: 'req-12345678', ip: '127.0.0.1' })
    hub.online.add(made.runtime_id)
    return made
  }

  /** A person with an organization, an instance, a machine that is online and a workspace that is ready. */
  async function tenant(name: string) {
    const owner = await signIn(`${name}@example.test`)
    const organization = await owner.call('organization', 'create', 'mutation', { name: `${name} org` })
    const instance = await owner.call('instance', 'create', 'mutation', {
      organization_slug: organization.slug,
      name: `${name} instance`,
    })
    const machine = await owner.call('machine', 'create', 'mutation', {
      instance_id: instance.id,
      name: `${name} box`,
      type: 'manual',
    })
    const runtime = await enrol(owner, machine.id)
    const workspace = await owner.call('workspace', 'create', 'mutation', {
      instance_id: instance.id,
      name: `${name} shop`,
      directory: `/home/${name}/shop`,
    })
    return { owner, organization, instance, machine, runtime, workspace }
  }

  /** Adds a user to an organization with a role, directly in the rows. */
  async function join(organizationId: Id<'organization'>, email: string, role: 'member' | 'admin' | 'owner') {
    const who = await signIn(email)
    const session = await who.call('user', 'session', 'query')
    if (!session.user) throw new Error('not signed in')
    await gateway.app.db
      .insert(schema.organization_user_membership)
      .values({ organization_id: organizationId, user_id: session.user.id, role })
    return who
  }

  return {
    app: gateway.app,
    gateway,
    hub,
    logs,
    request,
    signIn,
    person,
    enrol,
    tenant,
    join,
    settle: () => Promise.all(deferred),
    advance: (ms: number) => {
      now += ms
    },
    dump: () => sqlite,
  }
}
export type World = ReturnType<typeof makeWorld>
export type Person = Awaited<ReturnType<World['signIn']>>

interface RpcBody {
  result?: { data: unknown }
  error?: { message: string; data: { code: string; httpStatus: number; request_id: string } }
}

export function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .filter((pair) => !pair.endsWith('='))
    .join('; ')
}
