import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serveLoopback } from '@pilot/backend/model/serve'
import { type Id, newId } from '@pilot/domain/ids'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import { type DownMessage, DownMessageSchema } from '@pilot/protocol/down'
import { encode, type Outgoing } from '@pilot/protocol/envelope'
import { decodeFrame } from '@pilot/protocol/frame'
import { systemClock } from '@pilot/protocol/link/clock'
import type { LinkSocketHandlers } from '@pilot/protocol/link/socket'
import type { WelcomeModel, WelcomeWorkspace } from '@pilot/protocol/messages/runtime-welcome'
import { StreamMux } from '@pilot/protocol/stream/mux'
import { type UpMessage, UpMessageSchema } from '@pilot/protocol/up'
import type { DaemonOptions, Platform } from './start-daemon.ts'

/** Test support: a control plane in this process. Enrolment is real HTTP, the link is a pair of function calls. */
export async function fakeControlPlane() {
  const instance_id = newId('instance')
  const actor = { user_id: newId('user'), role: 'owner' as const }
  const tokens = new Set<string>()
  const runtimes = new Map<string, string>()
  const state = {
    workspaces: [] as WelcomeWorkspace[],
    model: null as WelcomeModel | null,
    connections: 0,
    dialled: [] as Record<string, string>[],
    received: [] as UpMessage[],
    refuse: false,
  }
  let handlers: LinkSocketHandlers | null = null
  let mux: StreamMux | null = null
  const waiting = new Set<() => void>()
  const changed = () => {
    for (const look of waiting) look()
  }

  const server = await serveLoopback(async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/base/rt/enroll') {
      const { token } = (await request.json()) as { token: string }
      if (!tokens.delete(token)) {
        const error = { code: 'LINK_EXPIRED', message: 'used', request_id: 'req_00000000', retryable: false }
        return Response.json({ error }, { status: 410 })
      }
      const runtime_id = newId('runtime')
      const runtime_token = `pilot_rt_${newId('request')}`
      runtimes.set(runtime_id, runtime_token)
      return Response.json({ runtime_id, runtime_token, instance_id }, { status: 201 })
    }
    const id = pathname.split('/').at(-1) ?? ''
    const known = request.headers.get('authorization') === `Bearer ${runtimes.get(id)}`
    return Response.json({}, { status: known ? 426 : 401 })
  })

  const send = (message: Outgoing<DownMessage>) => handlers?.message(encode(message))
  const welcome = () =>
    send({
      type: 'runtime.welcome',
      server_time: new Date().toISOString(),
      min_version: '0.1.0',
      limits: { max_frame: 65_536, max_message: 1_048_576, max_streams: 64 },
      workspaces: state.workspaces,
      model: state.model,
    })

  function receive(data: string | Uint8Array): void {
    if (typeof data !== 'string') {
      const decoded = decodeFrame(data)
      if ('frame' in decoded) mux?.receiveFrame(decoded.frame)
      return
    }
    if (data === 'ping' || data === 'pong') return
    const message = UpMessageSchema.parse(JSON.parse(data))
    state.received.push(message)
    if (message.type === 'runtime.hello') welcome()
    if (message.type.startsWith('stream.')) mux?.receive(message as Parameters<StreamMux['receive']>[0])
    changed()
  }

  const dial: Platform['dial'] = (_url, headers) => (mine) => {
    state.dialled.push(headers)
    queueMicrotask(() => {
      if (state.refuse) return mine.close(1006, '')
      handlers = mine
      state.connections++
      mux = new StreamMux({
        parity: 'even',
        clock: systemClock,
        sendMessage: (message) => send(DownMessageSchema.parse({ schema_version: '1', ...message })),
        sendFrame: (bytes) => mine.message(bytes),
      })
      mine.open()
    })
    return {
      send: (data) => {
        const copy = typeof data === 'string' ? data : data.slice()
        queueMicrotask(() => receive(copy))
      },
      close: () => mux?.close(),
      bufferedAmount: () => 0,
    }
  }

  return {
    state,
    instance_id,
    dial,
    welcome,
    url: `${server.url}/base/`,
    issueToken(): string {
      const token = `pilot_enr_${newId('request')}`
      tokens.add(token)
      return token
    },
    forget: () => runtimes.clear(),
    replaceToken(token: string): void {
      for (const id of runtimes.keys()) runtimes.set(id, token)
    },
    workspace: (config: Record<string, unknown>, more: Partial<WelcomeWorkspace> = {}): WelcomeWorkspace => ({
      workspace_id: newId('workspace'),
      instance_id,
      slug: 'shop-a1b2c3',
      name: 'shop',
      type: 'local',
      generation: 1,
      config,
      root_path: null,
      ...more,
    }),
    /** Closes the link as the control plane does. */
    close(code: number, reason = ''): void {
      const closing = handlers
      handlers = null
      mux?.close()
      closing?.close(code, reason)
    },
    /** Sends a tracked command and gives its answer. */
    async command(message: { type: string } & Record<string, unknown>): Promise<UpMessage> {
      const request_id = newId('request')
      handlers?.message(encode({ ...message, request_id, actor }))
      return this.until((one) => (one.type === 'ack' || one.type === 'error') && one.request_id === request_id)
    },
    request(workspace: WelcomeWorkspace, path: string, init?: RequestInit): Promise<Response> {
      if (!mux) throw new Error('not connected')
      const { workspace_id, generation } = workspace
      return mux.open(new Request('http://workspace/', init), path, {
        workspace_id: workspace_id as Id<'workspace'>,
        generation,
        actor,
        request_id: newId('request'),
      })
    },
    /** The first message that fits, received already or to come. */
    until(fits: (message: UpMessage) => boolean): Promise<UpMessage> {
      return new Promise((resolve) => {
        const look = () => {
          const found = state.received.find(fits)
          if (!found) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      })
    },
    stop: () => server.close(),
  }
}

/** A data directory and what a daemon needs to run in this process. */
export async function daemonHome(control: Awaited<ReturnType<typeof fakeControlPlane>>) {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'pilot-daemon-')))
  const logged: string[] = []
  const platform = (more: Partial<Platform> = {}): Platform => ({
    openDatabase: openNodeSqlite,
    dial: control.dial,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    uid: 1_000,
    terminals: () => null,
    ...more,
  })
  const options = (more: Partial<DaemonOptions> = {}): DaemonOptions => ({
    home,
    control: { url: control.url },
    label: 'laptop',
    allowRoot: false,
    log: (_level, message) => logged.push(message),
    ...more,
  })
  return { home, logged, platform, options, remove: () => rm(home, { recursive: true, force: true }) }
}
