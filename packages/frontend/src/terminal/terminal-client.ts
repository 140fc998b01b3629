import type { TerminalId } from '@pilot/domain/entities/terminal'
import { type Id, newId } from '@pilot/domain/ids'
import { encodeFrame, FRAME_KIND, type Frame } from '@pilot/protocol/frame'
import type { TerminalAttachedMessage } from '@pilot/protocol/messages/terminal-attached'
import type { TerminalStateMessage } from '@pilot/protocol/messages/terminal-state'
import { MAX_COLS, MAX_ROWS, MIN_COLS, MIN_ROWS, type TerminalStatus } from '@pilot/protocol/terminal/model'
import { backoff, type Clock } from '../clock.ts'
import type { TerminalDown, TerminalFeed } from './feed.ts'
import { TerminalInput } from './input.ts'
import { createModeRequests } from './mode-requests.ts'
import { TerminalOutput } from './output.ts'
import type { TerminalAttachment, TerminalClient, TerminalScreen } from './port.ts'
import type { WriterIds } from './writer-ids.ts'

const ATTACH_TIMEOUT_MS = 10_000
const RETRY_FIRST_MS = 500
const RETRY_MAX_MS = 10_000
/** A transfer of which nothing comes for this long is asked for again. */
const TRANSFER_STALL_MS = 15_000
/** An attachment that broke sooner than this is not renewed at once. */
const SETTLED_MS = 1_000
const CLOSED = { code: 'NOT_FOUND', message: 'This terminal was closed.' }

export interface TerminalClientOptions {
  id: TerminalId
  feed: TerminalFeed
  userId: Id<'user'>
  writers: WriterIds
  clock: Clock
  /** Called by `close`. */
  closed(): void
}

/** What the link tells a terminal. */
export interface TerminalCore {
  readonly client: TerminalClient
  up(): void
  down(): void
  machine(online: boolean): void
  message(message: TerminalDown): void
  frame(frame: Frame): void
}

/**
 *   waiting ──link, machine and screen there──▶ attaching ──attached──▶ catching_up ──transfer_end──▶ live
 *      ▲                                           │  error: waiting with backoff, or refused
 *      └── link or machine gone, reset, hole ──────┴──────────────── from every phase but refused
 */
export function createTerminalClient(options: TerminalClientOptions): TerminalCore {
  const { id, feed, userId, writers, clock } = options
  const listeners = new Set<() => void>()
  const bells = new Set<() => void>()
  let state: TerminalAttachment = {
    phase: 'waiting',
    status: null,
    writable: true,
    error: null,
    unsent: null,
    paste: null,
    waiting_since: null,
  }
  let screen: TerminalScreen | null = null
  let size = { cols: 80, rows: 24 }
  let visible = true
  let linkUp = false
  let online = true
  let closed = false
  /** Of the attach that is not answered yet; answers to older ones are void. */
  let requestId: string | null = null
  let inputChannel: number | null = null
  /** An attach gave no input channel although the mode would allow it: this tab may only watch. */
  let readOnly = false
  let writerId = writers.take(id)
  /** The connection was there since the attach before the present one. */
  let unbroken = false
  /** The start of a new program after this one, until it is there. */
  let starting: Promise<unknown> | null = null
  let attempt = 0
  let attachedAt = 0
  let cancelTimer: (() => void) | null = null

  const set = (change: Partial<TerminalAttachment>) => {
    const keys = Object.keys(change) as (keyof TerminalAttachment)[]
    if (keys.every((key) => same(state[key], change[key]))) return
    state = { ...state, ...change }
    for (const listener of [...listeners]) listener()
  }
  const timer = (ms: number, run: () => void) => {
    cancelTimer?.()
    cancelTimer = clock.after(ms, run)
  }
  const stopTimer = () => {
    cancelTimer?.()
    cancelTimer = null
  }

  const input: TerminalInput = new TerminalInput({
    clock,
    send: (channel, offset, payload) =>
      feed.sendFrame(encodeFrame({ kind: FRAME_KIND.terminal_input, channel, offset, payload })),
    changed: () => set(input.view()),
    probe: () => feed.probe(),
    stalled: () => attach(true),
  })
  const output = new TerminalOutput({
    clock,
    sendAck: (channel, offset) => feed.send({ type: 'terminal.ack', channel, offset }),
    broken: () => {
      detach()
      if (clock.now() - attachedAt >= SETTLED_MS) attach()
      else retry()
    },
  })
  const modes = createModeRequests({ id, feed, clock })

  const mayType = (status: TerminalStatus) =>
    status.state === 'running' && (status.mode === 'shared' || status.holder === userId)
  const canAttach = () => !closed && linkUp && online && screen !== null

  /** The attachment is void; what comes for it is not heard. */
  const detach = () => {
    stopTimer()
    requestId = null
    inputChannel = null
    output.stop()
    input.detached()
  }
  const attach = (still = false) => {
    detach()
    unbroken = still
    if (!canAttach()) return set({ phase: 'waiting' })
    requestId = newId('request')
    const since = output.position()
    set({ phase: 'attaching', error: null })
    const request = { type: 'terminal.attach', request_id: requestId, terminal_id: id, writer_id: writerId } as const
    feed.send({ ...request, ...size, visible, ...(since ? { since } : {}) })
    timer(ATTACH_TIMEOUT_MS, retry)
  }
  const retry = () => {
    detach()
    set({ phase: 'waiting' })
    if (canAttach()) timer(RETRY_FIRST_MS + backoff(attempt++, RETRY_FIRST_MS, RETRY_MAX_MS), () => attach())
  }
  const refuse = (error: { code: string; message: string }) => {
    detach()
    set({ phase: 'refused', error, writable: false })
  }
  /** A screen that is slow, such as in a hidden tab, is no stall. */
  const watchTransfer = () => timer(TRANSFER_STALL_MS, () => (output.idle ? retry() : watchTransfer()))

  const onAttached = (message: TerminalAttachedMessage) => {
    if (message.request_id !== requestId) return
    requestId = null
    attachedAt = clock.now()
    if (!output.begin(message)) {
      output.forget()
      return retry()
    }
    const status = statusOf(message)
    inputChannel = message.input_channel
    readOnly = inputChannel === null && mayType(status)
    if (state.status?.epoch !== status.epoch) starting = null
    const writable = (mayType(status) && !readOnly) || starting !== null
    set({ phase: 'catching_up', status, writable, error: null })
    watchTransfer()
    const { accepted, epoch } = message
    // What is typed for the next program does not go to this one.
    if (!starting) input.attached({ channel: inputChannel, accepted, epoch, writable, unbroken })
  }
  const onState = ({ terminal, closed: gone, bell }: TerminalStateMessage) => {
    if (terminal.terminal_id !== id) return
    if (bell) for (const listener of [...bells]) listener()
    const before = state
    set({ status: terminal })
    if (gone) return refuse(CLOSED)
    if (before.phase === 'refused') return attach()
    const anew = before.status !== null && before.status.epoch !== terminal.epoch
    if (anew) {
      if (!starting) input.renew()
      starting = null
    }
    const writable = (mayType(terminal) && !readOnly) || starting !== null
    const attached = before.phase === 'live' || before.phase === 'catching_up'
    // Only an attach tells what became of bytes that were under way when somebody else took over, and gives the channel.
    const askAgain = attached && writable !== before.writable && (input.undecided || inputChannel === null)
    set({ writable })
    if ((attached && anew) || askAgain) attach()
    input.setWritable(writable)
  }

  const client: TerminalClient = {
    id,
    get: () => state,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    setScreen: (next, wanted) => {
      if (closed) return
      if (next === screen) return client.wantSize(wanted.cols, wanted.rows)
      size = clamp(wanted)
      const watched = requestId !== null || state.phase === 'live' || state.phase === 'catching_up'
      screen = next
      if (!next) {
        detach()
        if (watched) feed.send({ type: 'terminal.detach', terminal_id: id })
        return set({ phase: 'waiting' })
      }
      output.setScreen(next)
      attempt = 0
      attach()
    },
    input: (data) => !closed && state.phase !== 'refused' && input.type(data),
    paste: (text, around) => !closed && state.phase !== 'refused' && input.paste(text, around),
    stopPaste: () => input.stopPaste(),
    sendUnsent: () => input.sendUnsent(),
    discardUnsent: () => {
      if (!input.discardUnsent()) return
      writerId = writers.renew(id)
      if (state.phase !== 'waiting' && state.phase !== 'refused') attach()
    },
    wantSize: (cols, rows) => {
      const wanted = clamp({ cols, rows })
      if (wanted.cols === size.cols && wanted.rows === size.rows) return
      size = wanted
      if (screen && state.phase !== 'waiting') {
        feed.send({ type: 'terminal.resize', terminal_id: id, ...size, claim: false })
      }
    },
    claimSize: () => {
      if (screen && state.phase !== 'waiting') {
        feed.send({ type: 'terminal.resize', terminal_id: id, ...size, claim: true })
      }
    },
    setVisible: (next) => {
      if (visible === next) return
      visible = next
      if (screen && state.phase !== 'waiting') feed.send({ type: 'terminal.visible', terminal_id: id, visible })
    },
    setMode: (mode, takeOver) => modes.ask(mode, takeOver),
    onBell: (listener) => {
      bells.add(listener)
      return () => bells.delete(listener)
    },
    awaitProgram: (started) => {
      starting = started
      input.renew()
      input.setWritable(true)
      set({ writable: true })
      started.catch(() => {
        if (starting !== started) return
        starting = null
        const writable = state.status !== null && mayType(state.status) && !readOnly
        set({ writable })
        input.setWritable(writable)
      })
    },
    close: () => {
      if (closed) return
      client.setScreen(null, size)
      closed = true
      modes.rejectAll()
      input.close()
      listeners.clear()
      bells.clear()
      options.closed()
    },
  }

  return {
    client,
    up: () => {
      linkUp = true
      online = true
      attempt = 0
      if (state.phase !== 'refused') attach()
    },
    down: () => {
      linkUp = false
      modes.rejectAll()
      detach()
      if (state.phase !== 'refused') set({ phase: 'waiting' })
    },
    machine: (now) => {
      if (now && online && state.phase !== 'waiting') return
      online = now
      attempt = 0
      if (state.phase !== 'refused') attach()
    },
    message: (message) => {
      switch (message.type) {
        case 'terminal.attached':
          return onAttached(message)
        case 'terminal.transfer_end':
          if (output.transferEnd(message.channel, message.to)) {
            stopTimer()
            attempt = 0
            set({ phase: 'live' })
          }
          return
        case 'terminal.reset':
          if ((message.terminal_id ?? id) === id && state.phase !== 'refused') attach(message.reason === 'behind')
          return
        case 'terminal.size':
          return output.size(message.channel, message)
        case 'terminal.input_ack':
          return input.acked(message.channel, message.offset)
        case 'terminal.state':
          return onState(message)
        case 'ack':
          return modes.answered(message.request_id, null)
        case 'error':
          if (message.request_id === undefined) return
          if (message.request_id !== requestId) return modes.answered(message.request_id, message)
          if (message.retryable) retry()
          else refuse({ code: message.code, message: message.message })
      }
    },
    frame: (frame) => {
      if (output.frame(frame) && state.phase === 'catching_up') watchTransfer()
    },
  }
}

function statusOf(message: TerminalAttachedMessage): TerminalStatus {
  const { terminal_id, epoch, state, exit_code, reason, title, process, cols, rows, end_offset, mode, holder } = message
  return { terminal_id, epoch, state, exit_code, reason, title, process, cols, rows, end_offset, mode, holder }
}

function clamp({ cols, rows }: { cols: number; rows: number }): { cols: number; rows: number } {
  const within = (value: number, min: number, max: number) => Math.min(max, Math.max(min, Math.floor(value) || min))
  return { cols: within(cols, MIN_COLS, MAX_COLS), rows: within(rows, MIN_ROWS, MAX_ROWS) }
}

/** Equal as far as listeners can see: small flat objects are compared by their fields. */
function same(a: unknown, b: unknown): boolean {
  if (a === b || typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const before = new Map<string, unknown>(Object.entries(a))
  const after = Object.entries(b)
  return before.size === after.length && after.every(([key, value]) => before.get(key) === value)
}
