import { newId } from '@pilot/domain/ids'
import { CAPABLE, TerminalWorld } from '@pilot/gateway/hub/terminal-test-support'
import { FakeSocket } from '@pilot/gateway/hub/test-support'
import { encodeFrame, FRAME_KIND, type Frame } from '@pilot/protocol/frame'
import { expect, it } from 'vitest'
import { SEED, seeded } from '../support/random.ts'

const COUNT = 1_000_000
const random = seeded(SEED)
const pick = random.pick

/** Frames that went through the hub, by kind. */
const passed = new Map<number, number>()

/** Keeps the last of what was sent, and notices what must never be sent. */
class ThriftySocket extends FakeSocket {
  readonly #allowed: ReadonlySet<number>

  constructor(allowed: readonly number[]) {
    super()
    this.#allowed = new Set(allowed)
  }

  override send(data: string | Uint8Array): boolean {
    if (this.closed) return false
    if (typeof data !== 'string') {
      const kind = data[0] ?? 0
      passed.set(kind, (passed.get(kind) ?? 0) + 1)
      if (!this.#allowed.has(kind)) throw new Error(`a frame of kind ${kind} was forwarded`)
    }
    this.sent[0] = data
    this.onSent(data)
    return true
  }

  onSent: (data: string | Uint8Array) => void = () => undefined
  /** What a tab was told of its own channels last. */
  channels: { live: number; input: number; transfer: number; typed: number } | null = null
}

/** Mostly the right one: what is always wrong is refused at the door. */
const mostly = (right: number, range = 6_000) => (random.int(0, 19) > 0 ? right : random.int(0, range))

const NASTY = [null, -1, 0, 2 ** 53, 1e308, Number.NaN, '', '\ud800', '\u0000', 'x'.repeat(5_000), [], {}, true]

class Fuzz {
  readonly world = new TerminalWorld()
  readonly foreign = this.world.newWorkspace()
  readonly terminals = [this.world.terminal, newId('terminal'), newId('terminal')]
  machine: ThriftySocket | null = null
  tabs: ThriftySocket[] = []
  connections = 0
  /** What an honest machine would know: unanswered requests, the end of each output, its open transfers. */
  #asked: Record<string, unknown>[] = []
  #ends = new Map<number, number>()
  #transfers: { channel: number; sent: number; live: number }[] = []
  #channel = 100

  constructor() {
    this.world.welcomed.workspaces.push(this.foreign)
    // What a test would look at grows for ever here.
    this.world.backend.onTerminals = async () => ({ missing: [], unwanted: [] })
    this.world.backend.onPresence = async () => undefined
    this.world.backend.onSummary = async () => undefined
  }

  #socket(allowed: number[]): ThriftySocket {
    this.connections += 1
    const socket = new ThriftySocket(allowed)
    socket.onClosed = () => this.world.hub.onClose(socket)
    return socket
  }

  /** A connection of the machine; mostly one that has said who it is. */
  async link(): Promise<ThriftySocket> {
    if (this.machine && !this.machine.closed) return this.machine
    const { hub, identity } = this.world
    const socket = this.#socket([FRAME_KIND.terminal_input, FRAME_KIND.stream_data])
    socket.onSent = (data) => {
      if (typeof data !== 'string' || !data.includes('"terminal.attach"')) return
      this.#asked = [...this.#asked, JSON.parse(data)].slice(-20)
    }
    this.#asked = []
    this.#transfers = []
    hub.acceptRuntime(socket, identity, 'boot-0001')
    this.machine = socket
    if (random.int(0, 9) > 0) {
      hub.onMessage(socket, JSON.stringify(this.#hello()))
      await this.world.clock.advance(0)
    }
    return socket
  }

  tab(): ThriftySocket {
    this.tabs = this.tabs.filter((tab) => !tab.closed)
    if (this.tabs.length >= 6) return pick(this.tabs)
    const { hub, identity, workspace } = this.world
    const socket = this.#socket([FRAME_KIND.terminal_output, FRAME_KIND.transfer_data])
    hub.acceptViewer(socket, {
      ...identity,
      workspace_id: pick([workspace, workspace, this.foreign]).workspace_id,
      generation: 1,
      user_id: newId('user'),
      role: 'member',
      session_id: newId('session'),
      read_only: random.int(0, 4) === 0,
    })
    socket.onSent = (data) => {
      if (typeof data !== 'string' || !data.includes('"terminal.attached"')) return
      const { channel, input_channel, accepted, transfer } = JSON.parse(data)
      socket.channels = { live: channel, input: input_channel ?? 1, transfer: transfer.channel, typed: accepted }
    }
    this.tabs.push(socket)
    return socket
  }

  #hello(): Record<string, unknown> {
    const listed = { ...this.world.status(), workspace_id: this.world.workspace.workspace_id }
    return JSON.parse(this.world.hello('boot-0001', { ...CAPABLE, terminals: [listed] }))
  }

  #scope() {
    return { workspace_id: pick([this.world.workspace, this.world.workspace, this.foreign]).workspace_id }
  }

  #channelOf(terminalId: unknown): number {
    return 1 + this.terminals.map(String).indexOf(String(terminalId))
  }

  up(): Record<string, unknown> {
    const terminal_id = pick(this.terminals)
    const live = this.#channelOf(terminal_id)
    const end = this.#ends.get(live) ?? 0
    const status = this.world.status({ terminal_id, epoch: random.int(0, 200) > 0 ? 'e1' : 'e2' })
    const transfer = this.#transfers[random.int(0, Math.max(0, this.#transfers.length - 1))]
    switch (random.int(0, 9)) {
      case 0:
      case 1:
        return {
          type: 'terminal.transfer_end',
          channel: transfer?.channel ?? 1,
          to: mostly(this.#ends.get(transfer?.live ?? 1) ?? 0),
        }
      case 2:
        return { type: 'terminal.size', channel: live, offset: mostly(end), cols: 80, rows: 24 }
      case 3:
        return { type: 'terminal.input_ack', channel: random.int(100, this.#channel), offset: random.int(0, 50_000) }
      case 4: {
        const closed = random.int(0, 99) === 0
        return { type: 'terminal.state', ...this.#scope(), terminal: status, closed, bell: true }
      }
      case 5:
        return { type: 'error', request_id: newId('request'), code: 'NOT_FOUND', message: 'x', retryable: false }
      case 6:
        return random.int(0, 99) === 0 ? this.#hello() : { type: 'stream.credit', channel: live, bytes: 10 }
      default:
        return this.#answer() ?? { type: 'ack', request_id: newId('request'), ok: true, data: {} }
    }
  }

  /** Answers an attach as an honest machine would; what is wrong with it is added afterwards. */
  #answer(): Record<string, unknown> | null {
    const asked = this.#asked.shift()
    if (!asked) return null
    const { request_id, workspace_id, terminal_id } = asked
    const live = this.#channelOf(terminal_id)
    const [input_channel, channel] = [this.#channel + 1, this.#channel + 2]
    this.#channel += 2
    this.#transfers = [...this.#transfers, { channel, sent: 0, live }].slice(-8)
    const transfer = { channel, kind: 'replay', from: 0, snapshot_bytes: 0, cols: 80, rows: 24, sizes: [], gap: null }
    return {
      type: 'terminal.attached',
      request_id,
      workspace_id,
      ...this.world.status({ terminal_id }),
      channel: live,
      input_channel,
      accepted: 0,
      transfer,
    }
  }

  down(tab: ThriftySocket): Record<string, unknown> {
    const terminal_id = pick(this.terminals)
    const request_id = newId('request')
    const { live = 1, transfer = 2 } = tab.channels ?? {}
    switch (random.int(0, 19)) {
      case 0:
        return { type: 'terminal.detach', terminal_id }
      case 1:
        return { type: 'terminal.visible', terminal_id, visible: random.int(0, 1) === 0 }
      case 2:
        return { type: 'terminal.resize', terminal_id, cols: 90, rows: 30 }
      case 3:
        return { type: 'terminal.mode', request_id, terminal_id, mode: 'exclusive', take_over: true }
      case 4:
        return { type: 'agent.watch', request_id, agent_session_id: newId('agent_session') }
      case 5:
      case 6:
        return {
          type: 'terminal.attach',
          request_id,
          terminal_id,
          writer_id: 'writer-0001',
          cols: 80,
          rows: 24,
          visible: true,
        }
      case 7:
        return { type: 'terminal.ack', channel: random.int(1, this.#channel), offset: random.int(0, 10_000) }
      case 8:
      case 9:
        return { type: 'terminal.ack', channel: transfer, offset: random.int(0, 10_000) }
      default:
        return { type: 'terminal.ack', channel: live, offset: mostly(this.#ends.get(live) ?? 0) }
    }
  }

  text(message: Record<string, unknown>): string {
    const whole: Record<string, unknown> = { schema_version: '1', ...message }
    const key = pick(Object.keys(whole))
    const how = random.int(0, 11)
    if (how === 0) Reflect.deleteProperty(whole, key)
    else if (how === 1) whole[key] = pick(NASTY)
    else if (how === 2) Reflect.set(whole, pick(['constructor', 'extra', 'workspace_id', 'terminal_id']), pick(NASTY))
    const text = JSON.stringify(whole)
    const at = random.int(0, text.length - 1)
    if (how === 3) return text.slice(0, at)
    return how === 4 ? `${text.slice(0, at)}${pick(['{', '}', '"', ',', '\u0000', '9'])}${text.slice(at + 1)}` : text
  }

  /** The next frame of whoever sends it, sometimes with a byte changed or its end missing. */
  frame(tab: ThriftySocket | null): Uint8Array<ArrayBuffer> {
    const bytes = encodeFrame(tab ? this.#typed(tab) : this.#put())
    const how = random.int(0, 400)
    if (how < 5) bytes[random.int(0, bytes.length - 1)] = random.int(0, 255)
    return how === 5 ? bytes.slice(0, random.int(0, bytes.length - 1)) : bytes
  }

  #typed({ channels }: ThriftySocket): Frame {
    const payload = new Uint8Array(random.int(0, 40))
    const kind = random.int(0, 2_000) === 0 ? FRAME_KIND.terminal_output : FRAME_KIND.terminal_input
    const channel = channels && random.int(0, 19) > 0 ? channels.input : random.int(1, this.#channel)
    const offset = mostly(channels?.typed ?? 0)
    if (channels && offset === channels.typed) channels.typed += payload.length
    return { kind, channel, offset, payload }
  }

  #put(): Frame {
    const payload = new Uint8Array(random.int(0, 1) === 0 ? 20 : random.int(0, 65_536))
    const transfer = this.#transfers.at(-1)
    if (transfer && random.int(0, 3) === 0) {
      const offset = mostly(transfer.sent)
      transfer.sent = offset + payload.length
      return { kind: FRAME_KIND.transfer_data, channel: transfer.channel, offset, payload }
    }
    const channel = random.int(1, this.terminals.length)
    const offset = mostly(this.#ends.get(channel) ?? 0)
    this.#ends.set(channel, offset + payload.length)
    return { kind: FRAME_KIND.terminal_output, channel, offset, payload }
  }

  async step(): Promise<void> {
    const { hub, clock } = this.world
    const fromMachine = random.int(0, 2) > 0
    const socket = fromMachine ? await this.link() : this.tab()
    if (random.int(0, 9) < 6) {
      hub.onMessage(socket, this.frame(fromMachine ? null : socket))
    } else hub.onMessage(socket, this.text(fromMachine ? this.up() : this.down(socket)))
    const event = random.int(0, 4_000)
    if (event === 0) this.world.evict([...(this.machine ? [this.machine] : []), ...this.tabs].filter((s) => !s.closed))
    else if (event === 1) this.machine?.close(1006, '')
    else if (event < 10) pick(this.tabs.length > 0 ? this.tabs : [socket]).close(1000, '')
    if (random.int(0, 200) === 0) await clock.advance(random.int(0, 4_000))
  }
}

it(`a million mutated frames and messages at the hub, before and after anybody said who they are (seed ${SEED})`, async () => {
  const fuzz = new Fuzz()
  const heap: number[] = []
  let forwarded = 0
  for (let done = 0; done < COUNT; done += 1) {
    await fuzz.step()
    forwarded = Math.max(forwarded, fuzz.world.hub.stats.terminals)
    if (done % 250_000 === 249_999) heap.push(process.memoryUsage().heapUsed / 1_048_576)
  }
  // It was not all refused at the door.
  for (const kind of [FRAME_KIND.terminal_output, FRAME_KIND.terminal_input, FRAME_KIND.transfer_data])
    expect([kind, passed.get(kind) ?? 0]).toEqual([kind, expect.toSatisfy((count: number) => count > 500)])
  expect(forwarded).toBeGreaterThan(3)
  expect(fuzz.connections).toBeGreaterThan(100)
  const [first = 0] = heap
  expect(Math.min(...heap.slice(1)) - first).toBeLessThan(60)
  // And it still works: a machine, a tab, a byte each way.
  const { world } = fuzz
  for (const tab of fuzz.tabs) tab.close(1000, '')
  await world.start('boot-0002')
  const tab = world.live(1)
  const bytes = world.output(0, 'x')
  expect(tab.sent.at(-1)).toBe(bytes)
  world.input(tab, 0, 'y')
  world.hub.close()
  await world.clock.advance(60_000)
  expect([world.hub.stats, world.clock.pending]).toEqual([
    { viewers: 0, watched: 0, streams: 0, pending: 0, terminals: 0 },
    0,
  ])
  expect(world.logged.filter((line) => !/welcomed|viewer/.test(line))).toEqual([])
})
