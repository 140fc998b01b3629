import { readFileSync } from 'node:fs'
import { newId } from '@pilot/domain/ids'
import { encode } from '@pilot/protocol/envelope'
import { encodeFrame, FRAME_KIND } from '@pilot/protocol/frame'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestSocket } from '../conformance/support/socket.ts'
import { startBun, type Target } from '../conformance/support/target.ts'
import { newWorld, type World } from '../conformance/support/world.ts'
import { until } from '../support/pilot.ts'

/** Frames that no honest peer sends, at the real process over real sockets. */
let target: Target
let world: World
const links: TestSocket[] = []

beforeAll(async () => {
  target = await startBun()
  world = await newWorld(target.url)
  // From now on the tests are the machine.
  await world.runtime.disconnect()
})
afterAll(async () => {
  for (const link of links) link.raw.close()
  await target?.stop()
})

/** Link R as the machine opens it, before it has said anything. */
async function link(): Promise<TestSocket> {
  const { id, token, bootId } = world.runtime
  const socket = await TestSocket.open(new URL(`rt/connect/${id}`, target.url).href, {
    protocols: ['rt.1'],
    headers: { authorization: `Bearer ${token}`, 'x-pilot-boot-id': bootId },
  })
  links.push(socket)
  return socket
}

/** Of a machine with terminals, unless a test says otherwise. */
const hello = (change: object = {}) => ({
  type: 'runtime.hello',
  runtime_id: world.runtime.id,
  boot_id: world.runtime.bootId,
  version: '0.1.0',
  protocol: { min: 1, max: 2 },
  os: 'linux',
  arch: 'x64',
  system: {},
  capabilities: { git: true, terminal: true },
  workspaces: [],
  ...change,
})

async function welcomed(): Promise<TestSocket> {
  const socket = await link()
  socket.send(hello())
  await socket.wait('the welcome', ({ type }) => type === 'runtime.welcome')
  return socket
}

/** The code that the gateway closed with, whatever the connection below did. */
async function closeCode(socket: TestSocket): Promise<number> {
  return (await until('the socket to be closed', () => socket.closed, 15_000)).code
}

const path = (rest: string) => `api/chamber/workspaces/${world.workspace.slug}/${rest}`
const isAlive = async () => expect((await fetch(new URL('healthz', target.url))).status).toBe(200)
/** 1009 is the server's own word for a message that is too large. */
const TOO_LARGE = [1009, 4008, 1006]

describe('the link of a machine', () => {
  it.each([
    ['larger than any message', () => encode({ type: 'runtime.health', filler: 'x'.repeat(1_100_000) }), TOO_LARGE],
    ['larger than any frame', () => new Uint8Array(13 + 65_537).fill(3), [4008]],
    ['shorter than a frame', () => new Uint8Array(12), [4008]],
    ['for channel 0', () => new Uint8Array(20).fill(0).fill(3, 0, 1), [4008]],
    ['with an offset beyond 2^53', () => new Uint8Array(20).fill(255).fill(3, 0, 1), [4008]],
    ['a hello of another machine', () => encode(hello({ runtime_id: newId('runtime') })), [4008]],
    ['a hello of a later protocol', () => encode(hello({ protocol: { min: 7, max: 9 } })), [4010]],
  ] as const)('is closed by what is %s', async (_, frame, codes) => {
    const socket = await welcomed()
    socket.raw.send(frame())
    expect(codes).toContain(await closeCode(socket))
    await isAlive()
  })

  it('is not listened to before its hello, and is closed when there is none', async () => {
    const socket = await link()
    socket.send({ type: 'runtime.health', cpu: 1, memory_used: 1, memory_total: 1, disk_used: 1, disk_total: 1 })
    socket.send({ type: 'no.such.thing', request_id: 'early-000001' })
    socket.send({ type: 'stream.open', channel: 1, method: 'GET', path: '/', headers: [], has_body: false, credit: 1 })
    socket.raw.send(encodeFrame({ kind: FRAME_KIND.stream_data, channel: 1, offset: 0, payload: new Uint8Array(9) }))
    expect(await closeCode(socket)).toBe(4008)
    expect(socket.messages).toEqual([])
    await isAlive()
  })

  it.each([
    ['of an unknown type', { type: 'no.such.thing', request_id: 'unknown-0001' }, 'UNSUPPORTED_MESSAGE'],
    ['with a wrong field', { type: 'ack', request_id: 'x', ok: 'yes' }, 'VALIDATION_FAILED'],
    ['that inherits', { type: '__proto__', request_id: 'proto-000001' }, 'UNSUPPORTED_MESSAGE'],
  ])('answers a message %s and goes on', async (_, message, code) => {
    const socket = await welcomed()
    socket.send(message)
    expect(await socket.wait('the refusal', ({ type }) => type === 'error')).toMatchObject({ code, retryable: false })
    for (const broken of ['{', '[]', 'null', '"x"', '\u0000', '{"type":1}']) {
      const before = socket.messages.length
      socket.raw.send(broken)
      await until(`the refusal of ${broken}`, () => socket.messages.length > before)
      expect(socket.messages.at(-1)).toMatchObject({ type: 'error', code: 'VALIDATION_FAILED' })
    }
    expect(socket.closed).toBeNull()
  })

  it('loses only the stream whose frames are out of order', async () => {
    const socket = await welcomed()
    const outcome = world.browser
      .fetch(path('health'))
      .then((answer) => answer.text())
      .then(
        () => 'whole',
        () => 'broken',
      )
    const { channel } = await socket.wait('the request', ({ type }) => type === 'stream.open')
    const data = (offset: number, text: string) =>
      socket.raw.send(
        encodeFrame({
          kind: FRAME_KIND.stream_data,
          channel: Number(channel),
          offset,
          payload: new TextEncoder().encode(text),
        }),
      )
    socket.send({
      type: 'stream.head',
      channel,
      status: 200,
      headers: [['content-type', 'application/json']],
      has_body: true,
    })
    data(0, '{"a":')
    data(500, 'lost')
    const reset = await socket.wait('the reset', ({ type }) => type === 'stream.reset')
    expect(reset).toMatchObject({ channel, code: 'VALIDATION_FAILED' })
    expect(await outcome).toBe('broken')
    // Frames for what is over, or never was, are nothing.
    data(5, 'late')
    socket.send({ type: 'stream.head', channel: 4_000, status: 200, headers: [], has_body: false })
    socket.send({ type: 'stream.end', channel, bytes: 1 })
    const next = world.browser.fetch(path('health'))
    const again = await socket.wait(
      'the next request',
      (message) => message.type === 'stream.open' && message.channel !== channel,
    )
    socket.send({ type: 'stream.head', channel: again.channel, status: 204, headers: [], has_body: false })
    expect((await next).status).toBe(204)
    expect(socket.closed).toBeNull()
  })
})

describe('the link of a tab', () => {
  const tab = () => world.browser.socket(path('ws'))

  it.each([
    ['too large', () => encode({ type: 'probe', filler: 'x'.repeat(70_000) }), [4008]],
    ['far too large', () => encode({ type: 'probe', filler: 'x'.repeat(1_100_000) }), TOO_LARGE],
  ] as const)('is closed by a message that is %s', async (_, frame, codes) => {
    const socket = await tab()
    socket.raw.send(frame())
    expect(codes).toContain(await closeCode(socket))
    await isAlive()
  })

  it('answers what it does not understand, and goes on', async () => {
    const socket = await tab()
    socket.send({ type: 'runtime.hello', request_id: 'imposter-001' })
    expect(await socket.wait('the refusal', ({ type }) => type === 'error')).toMatchObject({
      code: 'UNSUPPORTED_MESSAGE',
      request_id: 'imposter-001',
    })
    const before = socket.messages.length
    socket.raw.send('{"type"')
    await until('the second refusal', () => socket.messages.length > before)
    expect(socket.messages.at(-1)).toMatchObject({ type: 'error', code: 'VALIDATION_FAILED' })
    socket.raw.send('ping')
    await until('a pong', () => socket.pongs.includes('pong'))
    await socket.close()
  })

  it('is closed when it sends without end', async () => {
    const socket = await tab()
    for (let i = 0; i < 1_000; i++) socket.raw.send('{')
    expect(await closeCode(socket)).toBe(4029)
    await isAlive()
  })
})

describe('ten thousand mutated frames', () => {
  const SEED = Number(process.env.PILOT_TEST_SEED ?? Date.now() % 1_000_000)
  let state = SEED
  /** mulberry32: 0 ≤ n < max. */
  const random = (max: number) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % max
  }
  const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T

  const NASTY = [null, -1, 2 ** 53, 1e308, '', '\ud800', '\u0000', 'x'.repeat(5_000), [], {}, { __proto__: null }, true]
  const samples = (): Record<string, unknown>[] => {
    const workspace_id = world.workspace.id
    const agent_session_id = newId('agent_session')
    const terminal_id = newId('terminal')
    const size = { cols: 80, rows: 24 }
    const status = {
      terminal_id,
      epoch: 'e',
      state: 'running',
      exit_code: null,
      reason: null,
      title: '',
      process: '',
      ...size,
      end_offset: 0,
      mode: 'shared',
      holder: null,
    }
    return [
      {
        type: 'terminal.attach',
        request_id: 'req-12345678',
        terminal_id,
        writer_id: 'writer-0001',
        ...size,
        visible: true,
      },
      { type: 'terminal.ack', channel: 1, offset: 10 },
      { type: 'terminal.resize', terminal_id, ...size },
      { type: 'terminal.mode', request_id: 'req-12345678', terminal_id, mode: 'exclusive', take_over: false },
      { type: 'terminal.detach', terminal_id },
      { type: 'terminal.state', workspace_id, terminal: status, closed: false, bell: false },
      { type: 'terminal.size', channel: 1, offset: 0, ...size },
      { type: 'terminal.input_ack', channel: 1, offset: 3 },
      { type: 'terminal.transfer_end', channel: 1, to: 0 },
      {
        type: 'terminal.attached',
        request_id: 'req-12345678',
        workspace_id,
        ...status,
        channel: 1,
        input_channel: 2,
        accepted: 0,
        transfer: { channel: 3, kind: 'replay', from: 0, snapshot_bytes: 0, ...size, sizes: [], gap: null },
      },
      hello(),
      { type: 'runtime.health', cpu: 0.5, memory_used: 1, memory_total: 2, disk_used: 1, disk_total: 2 },
      { type: 'ack', request_id: 'req-12345678', ok: true, data: {} },
      { type: 'error', request_id: 'req-12345678', code: 'INTERNAL', message: 'x', retryable: true },
      {
        type: 'agent.event',
        workspace_id,
        agent_session_id,
        epoch: 'e',
        seq: 1,
        event: { type: 'message.removed', message_id: 'm' },
      },
      {
        type: 'agent.watched',
        workspace_id,
        agent_session_id,
        epoch: 'e',
        seq: 1,
        mode: 'replay',
        request_id: 'req-12345678',
      },
      { type: 'agent.watch', agent_session_id, request_id: 'req-12345678' },
      { type: 'agent.ack', agent_session_id, seq: 1 },
      { type: 'probe', request_id: 'req-12345678', nonce: 'n' },
      {
        type: 'stream.open',
        channel: 1,
        method: 'GET',
        path: '/',
        headers: [],
        has_body: false,
        credit: 10,
        request_id: 'req-12345678',
      },
      { type: 'stream.head', channel: 2, status: 200, headers: [], has_body: true },
      { type: 'stream.credit', channel: 2, bytes: 100 },
      { type: 'stream.end', channel: 2, bytes: 100 },
      { type: 'stream.reset', channel: 2, code: 'CANCELLED' },
    ]
  }

  function mutated(): string | Uint8Array<ArrayBuffer> {
    if (random(4) === 0) {
      const frame = encodeFrame({
        kind: pick(Object.values(FRAME_KIND)),
        channel: 1 + random(10_000),
        offset: random(2 ** 31),
        payload: new Uint8Array(random(300)),
      })
      if (random(3) === 0) frame[random(frame.length)] = random(256)
      return random(30) === 0 ? frame.slice(0, random(frame.length)) : frame
    }
    const message = { schema_version: '1', ...pick(samples()) }
    const keys = Object.keys(message)
    switch (random(4)) {
      case 0:
        Reflect.deleteProperty(message, pick(keys))
        break
      case 1:
        Reflect.set(message, pick(keys), pick(NASTY))
        break
      case 2:
        Reflect.set(message, pick(['__proto__', 'constructor', 'extra', 'type']), pick(NASTY))
        break
    }
    const text = JSON.stringify(message)
    if (random(4) > 0) return text
    const at = random(text.length)
    return random(2) === 0
      ? text.slice(0, at)
      : `${text.slice(0, at)}${pick(['{', '}', '"', ',', '\u0000', '9'])}${text.slice(at + 1)}`
  }

  /** Sends so many frames over as many connections as it takes; gives how many that were. */
  async function flood(count: number, open: () => Promise<TestSocket>, perSocket: number): Promise<number> {
    let connections = 0
    for (let sent = 0; sent < count; ) {
      const socket = await open()
      connections += 1
      for (let i = 0; i < perSocket && sent < count && !socket.closing; i++, sent++) {
        socket.raw.send(mutated())
        // What the other side thinks of it has to arrive before the next ones.
        if (i % 25 === 24) await new Promise((resolve) => setImmediate(resolve))
      }
      if (!socket.closing) {
        socket.raw.send('ping')
        await until('the frames to be read', () => socket.closed ?? socket.pongs.length > 0, 20_000)
      }
      if (!socket.closed) await socket.close()
    }
    return connections
  }

  const residentMegabytes = () => {
    const status = readFileSync(`/proc/${target.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024
  }

  it(`leave the process alive, its memory flat and its users served (seed ${SEED})`, async () => {
    const viewer = () => world.browser.socket(path('ws'))
    await flood(2_000, welcomed, 200)
    await flood(500, viewer, 250)
    const before = residentMegabytes()
    await flood(6_000, welcomed, 200)
    await flood(1_500, viewer, 250)
    const after = residentMegabytes()
    expect(after - before).toBeLessThan(60)
    await isAlive()
    await world.runtime.connect()
    const answer = await until('the machine to be back', async () => {
      const { status, body } = await world.browser.json(path('health'))
      return status === 200 && body
    })
    expect(answer).toMatchObject({ path: '/health' })
    // Nothing of it was an accident to the process itself.
    expect(target.output()).not.toMatch(/unhandled|TypeError|RangeError|procedure failed|request failed/i)
  })
})
