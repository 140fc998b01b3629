import { PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { decodeFrame } from '../frame.ts'
import { FakeClock } from '../link/fake-clock.ts'
import { type MuxOptions, type StreamHandler, type StreamMessage, StreamMux } from './mux.ts'

const meta = {
  workspace_id: newId('workspace'),
  generation: 1,
  actor: { user_id: newId('user'), role: 'member' as const },
  request_id: newId('request'),
}

/** Two ends of a link; what one sends waits in a queue until `deliver` hands it over. */
class Pair {
  readonly clock = new FakeClock()
  readonly toRuntime: (() => void)[] = []
  readonly toHub: (() => void)[] = []
  readonly hub: StreamMux
  readonly runtime: StreamMux
  sentByRuntime = 0
  sentByHub = 0
  auto = true

  constructor(handler: StreamHandler, options: Partial<MuxOptions> & { seen?: (frame: Uint8Array) => void } = {}) {
    const side = (queue: (() => void)[], peer: () => StreamMux, count: (bytes: number) => void) => {
      const push = (run: () => void) => {
        queue.push(run)
        if (this.auto) queueMicrotask(() => this.deliver(queue))
      }
      return {
        clock: this.clock,
        sendMessage: (message: object) => {
          const text = JSON.stringify(message)
          push(() => peer().receive(JSON.parse(text) as StreamMessage))
        },
        sendFrame: (bytes: Uint8Array) => {
          options.seen?.(bytes)
          const decoded = decodeFrame(options.sendCopies ? bytes.slice() : bytes)
          if (!('frame' in decoded)) throw new Error(decoded.problem)
          count(decoded.frame.payload.length)
          push(() => peer().receiveFrame(decoded.frame))
        },
      }
    }
    this.hub = new StreamMux({
      ...options,
      parity: 'even',
      ...side(
        this.toRuntime,
        () => this.runtime,
        (bytes) => {
          this.sentByHub += bytes
        },
      ),
    })
    this.runtime = new StreamMux({
      ...options,
      parity: 'odd',
      handler,
      ...side(
        this.toHub,
        () => this.hub,
        (bytes) => {
          this.sentByRuntime += bytes
        },
      ),
    })
  }

  deliver(queue: (() => void)[]): void {
    queue.shift()?.()
  }

  lose(): void {
    this.toHub.length = 0
    this.toRuntime.length = 0
    this.hub.close()
    this.runtime.close()
  }

  async settled(): Promise<void> {
    await vi.waitFor(() => expect([this.hub.size, this.runtime.size, this.clock.pending]).toEqual([0, 0, 0]))
  }
}

const get = (init?: RequestInit) => new Request('http://x/', init)
const bytes = (length: number, seed = 7) => Uint8Array.from({ length }, (_, index) => (index * 31 + seed) % 251)
const streamOf = (parts: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = parts.shift()
      if (part) controller.enqueue(part)
      else controller.close()
    },
  })
const upload = (parts: Uint8Array[]): RequestInit =>
  ({ method: 'POST', body: streamOf(parts), duplex: 'half' }) as RequestInit
/** A body that never ends and counts what was taken from it. */
function endless(chunk = 10_000) {
  const state = { pulled: 0, cancelled: false }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        state.pulled += chunk
        controller.enqueue(new Uint8Array(chunk))
      },
      cancel() {
        state.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { state, body }
}

const unhandled: unknown[] = []
const record = (reason: unknown) => unhandled.push(reason)
process.on('unhandledRejection', record)
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  expect(unhandled.splice(0)).toEqual([])
})

describe('exchange', () => {
  test('method, path, filtered headers, meta and answer cross', async () => {
    let seen: { request: Request; meta: unknown } | null = null
    const pair = new Pair(async (request, its) => {
      seen = { request, meta: its }
      return new Response('hello', { status: 201, headers: { 'x-answer': 'yes', 'set-cookie': 'a=b' } })
    })
    const headers = { cookie: 'pilot=1', authorization: 'Bearer x', 'x-pilot-csrf': '1', accept: 'text/plain' }
    const response = await pair.hub.open(get({ headers }), '/sessions?limit=3', meta)
    expect([response.status, await response.text(), response.headers.get('x-answer')]).toEqual([201, 'hello', 'yes'])
    expect(response.headers.get('set-cookie')).toBeNull()
    const { request } = seen as unknown as { request: Request }
    expect([request.method, request.url]).toEqual(['GET', 'http://workspace.invalid/sessions?limit=3'])
    expect(Object.fromEntries(request.headers)).toEqual({ accept: 'text/plain' })
    expect(seen).toMatchObject({ meta })
    await pair.settled()
  })
  test('a path with two slashes stays a path', async () => {
    const pair = new Pair(async (request) => new Response(new URL(request.url).host))
    expect(await (await pair.hub.open(get(), '//evil.test/x', meta)).text()).toBe('workspace.invalid')
  })
  test('an answer without a body ends at its head', async () => {
    const pair = new Pair(async () => new Response(null, { status: 204 }))
    expect((await pair.hub.open(get(), '/', meta)).status).toBe(204)
    await pair.settled()
  })
  test('an error of the handler is an answer with the error body', async () => {
    const pair = new Pair(async () => {
      throw new PilotError('SESSION_NOT_FOUND')
    })
    const response = await pair.hub.open(get(), '/', meta)
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { error: { code: 'SESSION_NOT_FOUND', request_id: meta.request_id } },
    ])
  })
  test('an unknown error says INTERNAL and nothing of its text', async () => {
    const pair = new Pair(async () => {
      throw new Error('/home/secret')
    })
    const text = await (await pair.hub.open(get(), '/', meta)).text()
    expect(text).toContain('INTERNAL')
    expect(text).not.toContain('secret')
  })
  test('a peer without a handler refuses', async () => {
    const pair = new Pair(async () => new Response('x'))
    await expect(pair.runtime.open(get(), '/', meta)).rejects.toMatchObject({ code: 'CAPABILITY_UNSUPPORTED' })
    await pair.settled()
  })
  test('an answer before the upload is read ends both directions', async () => {
    const { state, body } = endless()
    const pair = new Pair(async () => new Response('enough'))
    const response = await pair.hub.open(
      new Request('http://x/', { method: 'POST', body, duplex: 'half' } as RequestInit),
      '/',
      meta,
    )
    expect(await response.text()).toBe('enough')
    await pair.settled()
    await vi.waitFor(() => expect(state.cancelled).toBe(true))
  })
})

describe('backpressure', () => {
  test('a reader that does not read holds exactly the credit, one that goes on gets all', async () => {
    const { state, body } = endless()
    const pair = new Pair(async () => new Response(body), { window: 100_000, maxFrame: 16_384 })
    const response = await pair.hub.open(get(), '/', meta)
    await vi.waitFor(() => expect(pair.sentByRuntime).toBe(100_000))
    await new Promise((resolve) => setImmediate(resolve))
    expect([pair.sentByRuntime, state.pulled]).toEqual([100_000, 100_000])
    const reader = response.body!.getReader()
    let read = 0
    while (read < 40_000) read += (await reader.read()).value!.length
    await new Promise((resolve) => setImmediate(resolve))
    expect(pair.sentByRuntime).toBe(100_000)
    while (read < 50_000) read += (await reader.read()).value!.length
    await vi.waitFor(() => expect(pair.sentByRuntime).toBe(100_000 + read))
    await reader.cancel()
    await pair.settled()
    expect(state.cancelled).toBe(true)
  })
  test('an upload that nobody reads stops at the credit', async () => {
    const { body } = endless()
    const gate = Promise.withResolvers<Response>()
    const pair = new Pair(() => gate.promise, { window: 50_000 })
    const pending = pair.hub.open(
      new Request('http://x/', { method: 'PUT', body, duplex: 'half' } as RequestInit),
      '/',
      meta,
    )
    await vi.waitFor(() => expect(pair.sentByHub).toBe(50_000))
    await new Promise((resolve) => setImmediate(resolve))
    expect(pair.sentByHub).toBe(50_000)
    gate.resolve(new Response(null))
    await pending
    await pair.settled()
  })
  test('pace is awaited between frames', async () => {
    const waits: (() => void)[] = []
    const pair = new Pair(async () => new Response(bytes(3_000)), {
      maxFrame: 1_000,
      pace: () => new Promise<void>((resolve) => waits.push(resolve)),
    })
    const text = (await pair.hub.open(get(), '/', meta)).arrayBuffer()
    for (let frame = 0; frame < 3; frame += 1) {
      await vi.waitFor(() => expect(waits.length).toBe(1))
      expect(pair.sentByRuntime).toBe(frame * 1_000)
      waits.shift()?.()
    }
    expect(new Uint8Array(await text)).toEqual(bytes(3_000))
    await pair.settled()
  })
  test('a flood of one-byte frames is joined, not hoarded', async () => {
    const parts = Array.from({ length: 5_000 }, (_, index) => Uint8Array.of(index % 251))
    const pair = new Pair(async () => new Response(streamOf(parts)))
    const response = await pair.hub.open(get(), '/', meta)
    await vi.waitFor(() => expect(pair.runtime.size).toBe(0))
    const reader = response.body!.getReader()
    let reads = 0
    let total = 0
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      reads += 1
      total += value.length
    }
    expect(total).toBe(5_000)
    expect(reads).toBeLessThan(300)
  })
})

describe('ends', () => {
  test('the caller aborts before the head', async () => {
    const abort = new AbortController()
    let signal: AbortSignal | null = null
    const pair = new Pair((request) => {
      signal = request.signal
      return new Promise(() => undefined)
    })
    const pending = pair.hub.open(get({ signal: abort.signal }), '/', meta)
    await vi.waitFor(() => expect(signal).not.toBeNull())
    abort.abort()
    await expect(pending).rejects.toMatchObject({ code: 'CANCELLED' })
    await vi.waitFor(() => expect(signal?.aborted).toBe(true))
    await pair.settled()
  })
  test('the caller aborts after the head', async () => {
    const abort = new AbortController()
    const { state, body } = endless()
    const pair = new Pair(async () => new Response(body))
    const response = await pair.hub.open(get({ signal: abort.signal }), '/', meta)
    abort.abort()
    await expect(response.text()).rejects.toMatchObject({ code: 'CANCELLED' })
    await pair.settled()
    expect(state.cancelled).toBe(true)
  })
  test('everything that was opened for one owner ends, and nothing else', async () => {
    const pair = new Pair(async () => new Response(endless().body))
    const mine = await pair.hub.open(get(), '/', { ...meta, owner: 'a' })
    const other = await pair.hub.open(get(), '/', { ...meta, owner: 'b' })
    pair.hub.cancelOf('a')
    await expect(mine.text()).rejects.toMatchObject({ code: 'CANCELLED' })
    const reader = other.body?.getReader()
    expect((await reader?.read())?.value?.length).toBeGreaterThan(0)
    await reader?.cancel()
    await pair.settled()
  })
  test('a request that was aborted already sends nothing', async () => {
    const pair = new Pair(async () => new Response('x'))
    await expect(pair.hub.open(get({ signal: AbortSignal.abort() }), '/', meta)).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    await pair.settled()
  })
  test('the caller cancels the body', async () => {
    const { state, body } = endless()
    const pair = new Pair(async () => new Response(body))
    await (await pair.hub.open(get(), '/', meta)).body!.cancel()
    await pair.settled()
    await vi.waitFor(() => expect(state.cancelled).toBe(true))
  })
  test('the source of an upload breaks', async () => {
    const pair = new Pair(async (request) => new Response(await request.text()))
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new Error('hung up'))
      },
    })
    const request = new Request('http://x/', { method: 'POST', body, duplex: 'half' } as RequestInit)
    await expect(pair.hub.open(request, '/', meta)).rejects.toMatchObject({ code: 'CANCELLED' })
    await pair.settled()
  })
  test('the source of an answer breaks after the head', async () => {
    let pulls = 0
    const pair = new Pair(
      async () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              pulls += 1
              if (pulls === 1) controller.enqueue(bytes(10))
              else controller.error(new PilotError('AGENT_UNAVAILABLE'))
            },
          }),
        ),
    )
    const response = await pair.hub.open(get(), '/', meta)
    await expect(response.text()).rejects.toMatchObject({ code: 'AGENT_UNAVAILABLE' })
    await pair.settled()
  })
  test('the link is lost before the head', async () => {
    const pair = new Pair(() => new Promise(() => undefined))
    const pending = pair.hub.open(get(), '/', meta)
    await vi.waitFor(() => expect(pair.runtime.size).toBe(1))
    pair.lose()
    await expect(pending).rejects.toMatchObject({ code: 'RUNTIME_OFFLINE' })
    await pair.settled()
    await expect(pair.hub.open(get(), '/', meta)).rejects.toMatchObject({ code: 'RUNTIME_OFFLINE' })
  })
  test('the link is lost after the head: an incomplete body fails, a complete one stays readable', async () => {
    const { state, body } = endless()
    const pair = new Pair(async (request) => new Response(request.url.endsWith('all') ? bytes(50) : body))
    const whole = await pair.hub.open(get(), '/all', meta)
    const broken = await pair.hub.open(get(), '/', meta)
    await vi.waitFor(() => expect(pair.runtime.size).toBe(1))
    pair.lose()
    await expect(broken.text()).rejects.toMatchObject({ code: 'RUNTIME_OFFLINE' })
    expect(new Uint8Array(await whole.arrayBuffer())).toEqual(bytes(50))
    await pair.settled()
    expect(state.cancelled).toBe(true)
  })
  test('no head in time is RUNTIME_TIMEOUT, and the handler is aborted', async () => {
    let signal: AbortSignal | null = null
    const pair = new Pair(
      (request) => {
        signal = request.signal
        return new Promise(() => undefined)
      },
      { headTimeoutMs: 1_000 },
    )
    const pending = pair.hub.open(get(), '/', meta)
    const failed = expect(pending).rejects.toMatchObject({ code: 'RUNTIME_TIMEOUT' })
    await pair.clock.advance(1_001)
    await failed
    await vi.waitFor(() => expect(signal?.aborted).toBe(true))
    await pair.settled()
  })
  test('above the limit of streams: RATE_LIMITED', async () => {
    const pair = new Pair(() => new Promise(() => undefined), { maxStreams: 2 })
    const first = [pair.hub.open(get(), '/', meta), pair.hub.open(get(), '/', meta)]
    await expect(pair.hub.open(get(), '/', meta)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    pair.lose()
    expect((await Promise.allSettled(first)).map((result) => result.status)).toEqual(['rejected', 'rejected'])
  })
})

describe('a peer that breaks the protocol', () => {
  const open = (pair: Pair) => pair.hub.open(get(), '/', meta)
  const never = () => new Pair(() => new Promise(() => undefined))
  test.each<[string, (pair: Pair) => void]>([
    ['data before the head', (pair) => pair.hub.receiveFrame({ kind: 3, channel: 2, offset: 0, payload: bytes(1) })],
    [
      'end before the head',
      (pair) => pair.hub.receive({ schema_version: '1', type: 'stream.end', channel: 2, bytes: 0 }),
    ],
    [
      'a body where there can be none',
      (pair) =>
        pair.hub.receive({
          schema_version: '1',
          type: 'stream.head',
          channel: 2,
          status: 204,
          headers: [],
          has_body: true,
        }),
    ],
    [
      'a header that is none',
      (pair) =>
        pair.hub.receive({
          schema_version: '1',
          type: 'stream.head',
          channel: 2,
          status: 200,
          headers: [['a b', 'x\n']],
          has_body: true,
        }),
    ],
  ])('%s', async (_name, act) => {
    const pair = never()
    const pending = open(pair)
    act(pair)
    await expect(pending).rejects.toMatchObject({ code: 'RUNTIME_ERROR' })
    await pair.settled()
  })
  test.each<[string, (pair: Pair) => void]>([
    ['a gap', (pair) => pair.hub.receiveFrame({ kind: 3, channel: 2, offset: 5, payload: bytes(1) })],
    ['more than the credit', (pair) => pair.hub.receiveFrame({ kind: 3, channel: 2, offset: 0, payload: bytes(11) })],
    ['a wrong total', (pair) => pair.hub.receive({ schema_version: '1', type: 'stream.end', channel: 2, bytes: 4 })],
  ])('%s fails the body', async (_name, act) => {
    const pair = new Pair(() => new Promise(() => undefined), { window: 10 })
    const pending = open(pair)
    pair.hub.receive({
      schema_version: '1',
      type: 'stream.head',
      channel: 2,
      status: 200,
      headers: [],
      has_body: true,
    })
    const response = await pending
    act(pair)
    await expect(response.text()).rejects.toMatchObject({ code: 'RUNTIME_ERROR' })
    await pair.settled()
  })
  test('overlap is trimmed', async () => {
    const pair = never()
    const pending = open(pair)
    const head = {
      schema_version: '1',
      type: 'stream.head',
      channel: 2,
      status: 200,
      headers: [],
      has_body: true,
    } as const
    pair.hub.receive({ ...head, headers: [] })
    const response = await pending
    pair.hub.receiveFrame({ kind: 3, channel: 2, offset: 0, payload: Uint8Array.of(1, 2, 3) })
    pair.hub.receiveFrame({ kind: 3, channel: 2, offset: 1, payload: Uint8Array.of(2, 3, 4) })
    pair.hub.receive({ schema_version: '1', type: 'stream.end', channel: 2, bytes: 4 })
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.of(1, 2, 3, 4))
    pair.lose()
  })
  test('a channel of our own, or used before, does not touch a live stream', async () => {
    const pair = new Pair(async () => new Response('fine'))
    const pending = pair.hub.open(get(), '/', meta)
    const forged = {
      schema_version: '1',
      type: 'stream.open',
      ...meta,
      channel: 2,
      method: 'GET',
      path: '/',
      headers: [],
      has_body: false,
      credit: 0,
    } as const
    pair.hub.receive({ ...forged, headers: [] })
    expect(await (await pending).text()).toBe('fine')
    pair.runtime.receive({ ...forged, headers: [] })
    await pair.settled()
  })
  test('a GET with a body and a method that fetch forbids are refused', async () => {
    const pair = new Pair(async () => new Response('x'))
    for (const [channel, method, has_body] of [
      [2, 'GET', true],
      [4, 'CONNECT', false],
    ] as const) {
      pair.runtime.receive({
        schema_version: '1',
        type: 'stream.open',
        ...meta,
        channel,
        method,
        path: '/',
        headers: [],
        has_body,
        credit: 10,
      })
    }
    await pair.settled()
  })
})

test('a socket that copies gets every frame in one buffer', async () => {
  const buffers = new Set<ArrayBufferLike>()
  const body = async () => new Response(streamOf([bytes(3_000), bytes(0), bytes(70_000, 9)]))
  const pair = new Pair(body, { sendCopies: true, seen: (frame) => buffers.add(frame.buffer) })
  const got = new Uint8Array(await (await pair.hub.open(get(), '/', meta)).arrayBuffer())
  expect(Buffer.compare(got, Buffer.concat([bytes(3_000), bytes(70_000, 9)]))).toBe(0)
  expect(buffers.size).toBe(1)
  await pair.settled()
})

test('random exchanges in random interleavings are byte-exact, settle, and leave nothing behind', async () => {
  const exchange = fc.record({
    up: fc.array(fc.integer({ min: 0, max: 9_000 }), { maxLength: 6 }),
    down: fc.array(fc.integer({ min: 0, max: 9_000 }), { maxLength: 6 }),
    end: fc.constantFrom('read', 'read', 'read', 'cancel', 'abort', 'break'),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(exchange, { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.boolean()),
      fc.integer({ min: 1, max: 4_000 }),
      fc.boolean(),
      fc.boolean(),
      async (exchanges, coin, maxFrame, sendCopies, lose) => {
        const bodies = exchanges.map(({ down }, index) => down.map((size, part) => bytes(size, index + part)))
        const uploads: Uint8Array[] = []
        const pair = new Pair(
          async (request) => {
            const index = Number(new URL(request.url).pathname.slice(1))
            uploads[index] = new Uint8Array(await request.arrayBuffer())
            const parts = [...(bodies[index] ?? [])]
            const broken = exchanges[index]?.end === 'break'
            return new Response(
              new ReadableStream({
                pull(controller) {
                  const part = parts.shift()
                  if (part) controller.enqueue(part)
                  else if (broken) controller.error(new PilotError('AGENT_UNAVAILABLE'))
                  else controller.close()
                },
              }),
            )
          },
          { window: 5_000, maxFrame, sendCopies },
        )
        pair.auto = false
        const outcomes = exchanges.map(async ({ up, end }, index) => {
          const abort = new AbortController()
          const parts = up.map((size, part) => bytes(size, index * 3 + part))
          const sent = Buffer.concat(parts)
          const init = { ...upload(parts), signal: abort.signal }
          const response = await pair.hub.open(new Request('http://x/', init), `/${index}`, meta)
          expect(Buffer.compare(uploads[index]!, sent)).toBe(0)
          if (end === 'cancel') {
            await response.body!.cancel()
          } else if (end === 'abort') {
            abort.abort()
            await response.text()
          } else {
            const got = Buffer.from(await response.arrayBuffer())
            expect(Buffer.compare(got, Buffer.concat(bodies[index]!))).toBe(0)
          }
        })
        const results = Promise.allSettled(outcomes)
        let done = false
        const finished = results.then(() => {
          done = true
        })
        const flips = coin[Symbol.iterator]()
        for (let step = 0; !done; step += 1) {
          const first = flips.next().value ? pair.toRuntime : pair.toHub
          pair.deliver(first.length > 0 ? first : first === pair.toHub ? pair.toRuntime : pair.toHub)
          if (lose && step === 40) pair.lose()
          await new Promise((resolve) => setImmediate(resolve))
        }
        await finished
        if (!lose) {
          const kinds = (await results).map((result) => result.status)
          expect(kinds).toEqual(
            exchanges.map(({ end }) => (end === 'break' || end === 'abort' ? 'rejected' : 'fulfilled')),
          )
        }
        for (const result of await results) {
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(PilotError)
        }
        while (pair.toHub.length + pair.toRuntime.length > 0) {
          pair.deliver(pair.toHub)
          pair.deliver(pair.toRuntime)
          await new Promise((resolve) => setImmediate(resolve))
        }
        await pair.settled()
      },
    ),
    { numRuns: 60 },
  )
}, 60_000)
