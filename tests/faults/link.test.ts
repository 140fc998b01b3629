import { PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import type { FakeSocket } from '@pilot/gateway/hub/test-support'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { arrive, LinkWorld } from './link-world.ts'

let world: LinkWorld
const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => unhandled.push(reason))

beforeEach(() => {
  world = new LinkWorld()
})
afterEach(async () => {
  world.link.stop()
  await arrive()
  expect([world.clock.pending, world.link.stats, world.journal.listeners]).toEqual([
    0,
    { streams: 0, watched: 0, terminals: null },
    0,
  ])
  expect(world.hubWorld.hub.stats).toMatchObject({ streams: 0, pending: 0 })
  expect(unhandled.splice(0)).toEqual([])
})

async function up(): Promise<void> {
  world.link.start()
  await vi.waitFor(() => expect(world.link.ready).toBe(true))
  await arrive()
}
async function redial(): Promise<void> {
  await world.clock.advance(world.link.state.retry_in_ms ?? 0)
  await arrive()
}
const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 31) % 251)
const seqs = (viewer: FakeSocket) => viewer.messages('agent.event').map((message) => message.seq)
const watch = (viewer: FakeSocket, since?: { epoch: string; seq: number }, request_id = 'request-1') =>
  world.hubWorld.say(viewer, { type: 'agent.watch', request_id, agent_session_id: world.session, since })

describe('tunnel', () => {
  beforeEach(up)

  test('GET with its context, errors and headers', async () => {
    let context: unknown
    world.handler = async (request, its) => {
      context = its
      if (new URL(request.url).pathname === '/missing') throw new PilotError('SESSION_NOT_FOUND')
      return Response.json({ path: new URL(request.url).pathname, cookie: request.headers.get('cookie') })
    }
    const response = await world.tunnel('/sessions?x=1', { headers: { cookie: 'secret=1' } })
    expect(await response.json()).toEqual({ path: '/sessions', cookie: null })
    expect(context).toMatchObject({ workspace_id: world.hubWorld.workspace.workspace_id, generation: 1 })
    expect((await world.tunnel('/missing')).status).toBe(404)
  })
  test('POST of a megabyte comes back byte for byte', async () => {
    world.handler = async (request) => new Response(request.body)
    const body = bytes(1_000_003)
    const response = await world.tunnel('/echo', { method: 'POST', body })
    expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), Buffer.from(body))).toBe(0)
  })
  test('an event stream arrives piece by piece, and a caller that leaves ends it', async () => {
    let send: (text: string) => void = () => undefined
    let aborted: AbortSignal | null = null
    let cancelled = false
    world.handler = async (request) => {
      aborted = request.signal
      return new Response(
        new ReadableStream({
          start: (controller) => {
            send = (text) => controller.enqueue(new TextEncoder().encode(text))
          },
          cancel: () => {
            cancelled = true
          },
        }),
        { headers: { 'content-type': 'text/event-stream' } },
      )
    }
    const abort = new AbortController()
    const response = await world.tunnel('/events', { signal: abort.signal })
    const reader = response.body!.getReader()
    // The hub says at once that the stream is open, before the machine has anything to say.
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(':\n\n')
    for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
      send(text)
      expect(new TextDecoder().decode((await reader.read()).value)).toBe(text)
    }
    abort.abort()
    await expect(reader.read()).rejects.toMatchObject({ code: 'CANCELLED' })
    await vi.waitFor(() => expect([cancelled, aborted?.aborted]).toEqual([true, true]))
  })
  test('an event stream ends with the sign-in session that it was opened for', async () => {
    let aborted: AbortSignal | null = null
    world.handler = async (request) => {
      aborted = request.signal
      return new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } })
    }
    const { hub } = world.hubWorld
    const [mine, other] = [world.target(), world.target()]
    const reader = (await hub.tunnel(new Request('http://x/events'), mine)).body!.getReader()
    const others = (await hub.tunnel(new Request('http://x/events'), other)).body!.getReader()
    await Promise.all([reader.read(), others.read()])
    hub.disconnectSession(mine.session_id, 'revoked')
    await expect(reader.read()).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(hub.stats.streams).toBe(1)
    hub.disconnectSession(other.session_id, 'changed')
    await expect(others.read()).rejects.toMatchObject({ code: 'CANCELLED' })
    await vi.waitFor(() => expect(aborted?.aborted).toBe(true))
  })
  test('another generation, another workspace', async () => {
    const stale = await world.tunnel('/x', {}, 2)
    expect([stale.status, await stale.json()]).toMatchObject([409, { error: { code: 'STALE_GENERATION' } }])
    const { hub } = world.hubWorld
    const unknown = await hub.tunnel(new Request('http://x/'), { ...world.target(), workspace_id: newId('workspace') })
    expect(await unknown.json()).toMatchObject({ error: { code: 'WORKSPACE_NOT_FOUND' } })
  })
  test('a restored backup with a lower generation is a conflict for that workspace only', async () => {
    const other = world.hubWorld.newWorkspace()
    world.hubWorld.welcomed.workspaces.push(other)
    world.held = [{ workspace_id: other.workspace_id, generation: 5 }]
    await world.hubWorld.hub.refreshWelcome()
    await arrive()
    const { hub } = world.hubWorld
    const answer = await hub.tunnel(new Request('http://x/'), { ...world.target(), workspace_id: other.workspace_id })
    expect(await answer.json()).toMatchObject({ error: { code: 'CONFLICT' } })
    expect((await world.tunnel('/')).status).toBe(200)
  })
  test('requests wait for a welcome that is being applied', async () => {
    const gate = Promise.withResolvers<void>()
    world.onWelcome = () => gate.promise
    await world.hubWorld.hub.refreshWelcome()
    let served = false
    world.handler = async () => {
      served = true
      return new Response('ok')
    }
    const pending = world.tunnel('/')
    await arrive()
    expect(served).toBe(false)
    gate.resolve()
    expect((await pending).status).toBe(200)
  })
  test('a link that is cut in the middle settles everything at both ends, and the next one works', async () => {
    const signals: AbortSignal[] = []
    world.handler = async (request) => {
      signals.push(request.signal)
      const { pathname } = new URL(request.url)
      if (pathname === '/hang') return new Promise(() => undefined)
      return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(bytes(1_000)) }))
    }
    const hanging = expect(world.tunnel('/hang')).rejects.toMatchObject({ code: 'RUNTIME_OFFLINE' })
    const body = (await world.tunnel('/flow')).text()
    const flowing = expect(body).rejects.toMatchObject({ code: 'RUNTIME_OFFLINE' })
    await arrive()
    world.wire.lose()
    await Promise.all([hanging, flowing])
    await vi.waitFor(() => expect(signals.every((signal) => signal.aborted)).toBe(true))
    await expect(world.tunnel('/')).rejects.toMatchObject({ code: 'RUNTIME_OFFLINE' })
    await world.clock.advance(1_000)
    await vi.waitFor(() => expect(world.link.ready).toBe(true))
    world.handler = async () => new Response('back')
    expect(await (await world.tunnel('/')).text()).toBe('back')
    expect(world.wires).toHaveLength(2)
  })
  test('a full socket slows the answer down instead of filling memory', async () => {
    world.handler = async () => new Response(bytes(500_000))
    world.wire.buffered = 300_000
    const text = world.tunnel('/').then((response) => response.arrayBuffer())
    await arrive()
    expect(world.wire.hubSocket.sent.length).toBeLessThan(6)
    world.wire.buffered = 0
    await world.clock.advance(5)
    expect((await text).byteLength).toBe(500_000)
  })
  test('a hub that slept: what was open ends, the next request waits for the new hello', async () => {
    world.handler = async () => new Response(new ReadableStream({ pull: (c) => c.enqueue(bytes(100)) }))
    const reading = (await world.tunnel('/flow')).text()
    const ended = Promise.race([reading, arrive(60)])
    world.hubWorld.evict([world.wire.hubSocket])
    world.handler = async () => new Response('awake')
    expect(await (await world.tunnel('/')).text()).toBe('awake')
    await ended
    expect(world.link.stats.streams).toBe(0)
    expect(world.wires).toHaveLength(1)
  })
})

describe('commands', () => {
  test('run once per request id, their results are kept, failures are codes', async () => {
    let runs = 0
    world = new LinkWorld({
      'runtime.drain': async ({ on }) => {
        runs += 1
        return { on, runs }
      },
      'runtime.shutdown': async () => {
        throw new Error('/home/secret')
      },
    })
    await up()
    const { hub } = world.hubWorld
    const drain = { type: 'runtime.drain', on: true, request_id: 'same-request' }
    expect([await hub.command(drain), await hub.command(drain)]).toEqual([
      { on: true, runs: 1 },
      { on: true, runs: 1 },
    ])
    await expect(hub.command({ type: 'runtime.shutdown', reason: 'x' })).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.not.stringContaining('secret'),
    })
    await expect(hub.command({ type: 'runtime.rotate_token', runtime_token: 'x'.repeat(40) })).rejects.toMatchObject({
      code: 'CAPABILITY_UNSUPPORTED',
    })
  })
  test('a lower generation is stale, progress keeps it alive', async () => {
    const gate = Promise.withResolvers<string>()
    let report: () => void = () => undefined
    world = new LinkWorld({
      'workspace.detach': async (_message, progress) => {
        report = () => progress({ step: 'stop', message: 'stopping' })
        return gate.promise
      },
    })
    world.hubWorld.welcomed.workspaces[0] = { ...world.hubWorld.workspace, generation: 3 }
    await up()
    const { hub, clock, workspace } = world.hubWorld
    const detach = (generation: number) =>
      hub.command({
        ...world.target(generation),
        type: 'workspace.detach',
        workspace_id: workspace.workspace_id,
        request_id: newId('request'),
      })
    await expect(detach(2)).rejects.toMatchObject({ code: 'STALE_GENERATION' })
    const pending = detach(3)
    await arrive()
    await clock.advance(100_000)
    report()
    await arrive()
    await clock.advance(100_000)
    gate.resolve('done')
    expect(await pending).toBe('done')
  })
})

describe('agent events', () => {
  test('replay, live, a cut in the middle, and no gap', async () => {
    for (let count = 0; count < 10; count += 1) world.journal.append()
    await up()
    const viewer = world.hubWorld.viewer()
    watch(viewer, { epoch: 'e1', seq: 4 })
    await arrive()
    expect(viewer.last('agent.watched')).toMatchObject({ mode: 'replay', seq: 4, request_id: 'request-1' })
    world.journal.append()
    await arrive()
    world.wire.lose()
    world.journal.append()
    world.journal.append()
    await world.clock.advance(1_000)
    await vi.waitFor(() => expect(world.link.ready).toBe(true))
    await arrive()
    world.journal.append()
    await arrive()
    expect(seqs(viewer)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
  })
  test('the first look, another epoch, a position of the future, too far behind and pruned: refetch', async () => {
    for (let count = 0; count < 1_200; count += 1) world.journal.append()
    await up()
    const viewer = world.hubWorld.viewer()
    for (const since of [undefined, { epoch: 'old', seq: 5 }, { epoch: 'e1', seq: 9_999 }, { epoch: 'e1', seq: 1 }]) {
      watch(viewer, since)
      await arrive()
      expect(viewer.last('agent.watched')).toMatchObject({ mode: 'refetch', seq: 1_200, epoch: 'e1' })
    }
    world.journal.kept = 1_150
    watch(viewer, { epoch: 'e1', seq: 1_100 })
    await arrive()
    expect(viewer.last('agent.watched')).toMatchObject({ mode: 'refetch' })
    watch(viewer, { epoch: 'e1', seq: 1_190 })
    await arrive()
    expect(viewer.last('agent.watched')).toMatchObject({ mode: 'replay', seq: 1_190 })
    expect(seqs(viewer)).toHaveLength(10)
  })
  test('a session of another workspace, or none, is SESSION_NOT_FOUND', async () => {
    const other = world.hubWorld.newWorkspace()
    world.hubWorld.welcomed.workspaces.push(other)
    await up()
    const stranger = world.hubWorld.viewer({ workspace_id: other.workspace_id })
    watch(stranger)
    await arrive()
    expect(stranger.last('error')).toMatchObject({ code: 'SESSION_NOT_FOUND', request_id: 'request-1' })
    world.journal.append()
    await arrive()
    expect(seqs(stranger)).toEqual([])
  })
  test('while the socket is full the journal keeps the events', async () => {
    await up()
    const viewer = world.hubWorld.viewer()
    watch(viewer)
    await arrive()
    world.wire.buffered = 300_000
    for (let count = 0; count < 200; count += 1) world.journal.append()
    await arrive()
    expect(seqs(viewer)).toEqual([])
    world.wire.buffered = 0
    await world.clock.advance(10)
    await arrive()
    world.journal.append()
    await arrive()
    expect(seqs(viewer)).toEqual(Array.from({ length: 201 }, (_, index) => index + 1))
  })
  test('a new epoch while somebody watches, and an event that fits nowhere', async () => {
    await up()
    const viewer = world.hubWorld.viewer()
    watch(viewer)
    await arrive()
    world.journal.append('x'.repeat(1_100_000))
    await arrive()
    expect(viewer.last('agent.watched')).toMatchObject({ mode: 'refetch', seq: 1 })
    world.journal.epoch = 'e2'
    world.journal.append()
    await arrive()
    expect(viewer.last('agent.watched')).toMatchObject({ mode: 'refetch', epoch: 'e2', seq: 2 })
    world.journal.append()
    await arrive()
    expect(seqs(viewer)).toEqual([3])
  })
  test('any schedule of appends, cuts, sleeps and acks gives every tab every event in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('append', 'append', 'append', 'cut', 'sleep', 'ack', 'turn', 'new'), {
          maxLength: 40,
        }),
        async (steps) => {
          world = new LinkWorld()
          await up()
          const viewers = [world.hubWorld.viewer()]
          watch(viewers[0]!, { epoch: 'e1', seq: 0 })
          const last = (viewer: FakeSocket) => Math.max(0, ...seqs(viewer).map(Number))
          for (const step of steps) {
            if (step === 'append') world.journal.append()
            else if (step === 'cut') {
              world.wire.lose()
              await world.clock.advance(world.link.state.retry_in_ms ?? 0)
            } else if (step === 'sleep') world.hubWorld.evict([...viewers, world.wire.hubSocket])
            else if (step === 'turn') await arrive(2)
            else if (step === 'new' && viewers.length < 3) {
              const viewer = world.hubWorld.viewer()
              viewers.push(viewer)
              watch(viewer, { epoch: 'e1', seq: 0 })
            } else if (step === 'ack') {
              const [viewer] = viewers
              const seq = last(viewer!)
              world.hubWorld.say(viewer!, { type: 'agent.ack', agent_session_id: world.session, seq })
            }
          }
          while (!world.link.ready) await redial()
          await arrive()
          for (const viewer of viewers) {
            let position = 0
            for (const seq of seqs(viewer).map(Number)) {
              expect(seq).toBeLessThanOrEqual(position + 1)
              position = Math.max(position, seq)
            }
            expect(position).toBe(world.journal.entries.length)
          }
          world.link.stop()
          await arrive()
        },
      ),
      { numRuns: 60 },
    )
  }, 60_000)
})

describe('another machine with the same identity', () => {
  test('the loser stops for good; after a crash of its own it would not', async () => {
    await up()
    const runtime = await world.hubWorld.runtime('boot-other')
    await arrive()
    expect(world.link.state).toMatchObject({ status: 'offline', retry_in_ms: null, close_code: 4001 })
    runtime.close(1000, '')
  })
})

test('10,000 random and mutated messages at both ends: no crash, no rejection, the link still works', async () => {
  await up()
  const viewer = world.hubWorld.viewer()
  watch(viewer)
  world.handler = async (request) => new Response(request.body ?? bytes(70_000))
  let state = 0x2545_f491
  const random = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
  const pick = (max: number) => Math.floor(random() * max)
  const damage = (data: string | Uint8Array) => {
    if (typeof data !== 'string') {
      const copy = data.slice(0, random() < 0.2 ? pick(data.length) : data.length)
      for (let count = pick(4); count > 0 && copy.length > 0; count -= 1) copy[pick(copy.length)] = pick(256)
      return copy
    }
    const at = pick(data.length)
    return random() < 0.5
      ? data.slice(0, at) + String.fromCharCode(pick(128)) + data.slice(at + 1)
      : data.replace(/\d+/g, (digits) => (random() < 0.3 ? String(pick(2 ** 31)) : digits))
  }
  let mangled = 0
  const noise = Uint8Array.from({ length: 64 }, () => pick(256))
  while (mangled < 10_000) {
    while (world.link.state.status !== 'live') await redial()
    const { wire } = world
    wire.mangle = (data) => {
      if (random() < 0.5) return data
      mangled += 1
      const hub = world.hubWorld.hub
      hub.onMessage(wire.hubSocket, noise.slice(0, pick(64)))
      hub.onMessage(viewer, String(damage(typeof data === 'string' ? data : '{"type":"agent.watch"}')))
      return damage(data)
    }
    await world.hubWorld.clock.advance(100_000)
    const calls = [1, 2, 3, 4].map((kind) =>
      world
        .tunnel('/x', kind % 2 ? {} : { method: 'POST', body: bytes(5_000) })
        .then((response) => response.arrayBuffer())
        .catch((cause: unknown) => expect(cause).toBeInstanceOf(PilotError)),
    )
    world.journal.append('text')
    await arrive(6)
    // Whatever was damaged: losing the connection settles it.
    if (world.wires.length % 3 === 0) world.wire.mangle = (data) => data
    world.wire.lose()
    await Promise.all(calls)
  }
  while (world.link.state.status !== 'live') await redial()
  world.wire.mangle = (data) => data
  await arrive()
  world.wire.lose()
  await redial()
  expect(world.link.ready).toBe(true)
  world.handler = async () => new Response('fine')
  await arrive()
  expect(await (await world.tunnel('/')).text()).toBe('fine')
}, 60_000)
