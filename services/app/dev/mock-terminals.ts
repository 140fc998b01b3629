import { newId } from '@pilot/domain/ids'
import { decodeFrame, encodeFrame, FRAME_KIND, type FrameKind } from '@pilot/protocol/frame'
import type { TerminalStatus } from '@pilot/protocol/terminal/model'
import {
  CreateTerminalSchema,
  type ProgramView,
  type TerminalView,
  UpdateTerminalSchema,
} from '@pilot/protocol/terminal/rest'
import type { MockConnection } from './mock-socket.ts'
import { BUILD, DEV_SERVER, PROMPT, SHELL } from './mock-terminal-text.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const PIECE = 16_384
const MINUTE = 60_000
const ago = (minutes: number) => new Date(Date.now() - minutes * MINUTE).toISOString()

interface Held {
  view: TerminalView
  status: TerminalStatus
  output: Uint8Array
}
interface Attached {
  terminal: Held
  channel: number
  input: number
  accepted: number
}

const PROGRAMS: ProgramView[] = [
  program('shell', 'zsh', '5.9'),
  { ...program('opencode', 'OpenCode', '1.18.33') },
  { ...program('claude', 'Claude Code', null), install_command: 'npm install -g @anthropic-ai/claude-code' },
  { ...program('codex', 'Codex', null), install_command: 'npm install -g @openai/codex' },
  { ...program('gemini', 'Gemini', null), install_command: 'npm install -g @google/gemini-cli' },
]

function program(kind: 'shell' | 'opencode' | 'claude' | 'codex' | 'gemini', label: string, version: string | null) {
  const launch = kind === 'shell' ? { kind, shell: label } : { kind }
  return { launch, label, installed: version !== null, version, install_command: null }
}

/**
 * Terminals of a machine that plays a part: they show recorded output and give back what is typed. For looking at
 * screens only; nothing here is part of the product.
 */
export class MockTerminals {
  /** Answers every request as a machine without terminals. */
  unsupported = false
  readonly #terminals = new Map<string, Held>()
  readonly #attached = new Map<MockConnection, Map<number, Attached>>()
  #channel = 100

  readonly workspace: TerminalView['workspace_id']

  constructor(workspace: TerminalView['workspace_id']) {
    this.workspace = workspace
  }

  /** The usual three: a dev server, a shell, a build that failed. */
  fill(): this {
    this.add('dev server', DEV_SERVER, { process: 'node' }, 42)
    this.add('', SHELL, { title: 'zsh: ~/web-shop', process: 'zsh' }, 30)
    this.add('build', BUILD, { state: 'ended', exit_code: 2 }, 12)
    return this
  }

  add(title: string, text: string, status: Partial<TerminalStatus>, age = 0, fields: Partial<TerminalView> = {}): Held {
    const id = fields.id ?? newId('terminal')
    const output = encoder.encode(text)
    const view: TerminalView = {
      workspace_id: this.workspace,
      agent_session_id: null,
      title,
      command_kind: 'shell',
      cwd: '',
      cols: 80,
      rows: 24,
      state: status.state ?? 'running',
      exit_code: status.exit_code ?? null,
      mode: 'shared',
      source: 'host',
      last_activity_at: ago(age / 2),
      created_at: ago(age),
      created_by: null,
      ...fields,
      id,
    }
    const held: Held = {
      view,
      output,
      status: {
        terminal_id: id,
        epoch: 'mock',
        state: 'running',
        exit_code: null,
        reason: null,
        title: '',
        process: 'zsh',
        cols: 80,
        rows: 24,
        end_offset: output.length,
        mode: 'shared',
        holder: null,
        ...status,
      },
    }
    this.#terminals.set(id, held)
    return held
  }

  async fetch(request: Request, parts: readonly string[]): Promise<Response> {
    if (this.unsupported) return failure(501, 'CAPABILITY_UNSUPPORTED', 'The machine of this workspace cannot do this.')
    const [id, action] = parts
    if (id === undefined && request.method === 'GET') {
      return Response.json({ terminals: [...this.#terminals.values()].map(({ view }) => view) })
    }
    if (id === undefined) {
      const { launch, source, ...body } = CreateTerminalSchema.parse(await request.json())
      const { agent_session_id = null, cwd, cols, rows, title } = body
      const fields = { id: body.id, agent_session_id, cwd, cols, rows, source, command_kind: launch.kind }
      const held = this.add(title, PROMPT, { cols, rows }, 0, fields)
      this.#tell(held)
      return Response.json(held.view, { status: 201 })
    }
    if (id === 'programs') return Response.json({ programs: PROGRAMS })
    if (id === 'tmux') return Response.json({ sessions: [{ name: 'notes', windows: 3, attached: true }] })
    const held = this.#terminals.get(id)
    if (!held) return failure(404, 'NOT_FOUND', 'There is no such terminal.')
    if (action === 'reopen') {
      held.status = { ...held.status, state: 'running', exit_code: null, reason: null }
      held.view = { ...held.view, state: 'running', exit_code: null }
      this.#tell(held)
    } else if (request.method === 'PATCH') {
      held.view = { ...held.view, ...UpdateTerminalSchema.parse(await request.json()) }
    } else if (request.method === 'DELETE') {
      this.#terminals.delete(id)
      this.#tell(held, { closed: true })
      return new Response(null, { status: 204 })
    }
    return Response.json(held.view)
  }

  connect(socket: MockConnection): void {
    this.#attached.set(socket, new Map())
    for (const held of this.#terminals.values()) this.#tell(held)
  }

  disconnect(socket: MockConnection): void {
    this.#attached.delete(socket)
  }

  message(socket: MockConnection, message: Record<string, unknown>): void {
    const held = this.#terminals.get(String(message.terminal_id))
    const { request_id } = message
    if (message.type === 'terminal.attach' && !held) {
      send(socket, 'error', { request_id, code: 'NOT_FOUND', message: 'This terminal is gone.', retryable: false })
    } else if (message.type === 'terminal.attach' && held) this.#attach(socket, held, message)
    else if (message.type === 'terminal.resize' && held) this.#resize(held, Number(message.cols), Number(message.rows))
    else if (message.type === 'terminal.mode' && held) {
      held.status = { ...held.status, mode: message.mode === 'exclusive' ? 'exclusive' : 'shared', holder: null }
      send(socket, 'ack', { request_id, ok: true })
      this.#tell(held)
    }
  }

  /** What was typed comes back, and Enter gives another prompt. */
  frame(socket: MockConnection, bytes: Uint8Array): void {
    const decoded = decodeFrame(bytes)
    if (!('frame' in decoded) || decoded.frame.kind !== FRAME_KIND.terminal_input) return
    const { channel, payload } = decoded.frame
    const attached = this.#attached.get(socket)?.get(channel)
    if (!attached) return
    attached.accepted += payload.length
    send(socket, 'terminal.input_ack', { channel, offset: attached.accepted })
    const typed = decoder.decode(payload)
    const echo = typed.replaceAll('\u007f', '\b \b').replaceAll('\r', `\r\n${PROMPT}`)
    this.print(attached.terminal, echo.replaceAll('\u0003', `^C\r\n${PROMPT}`))
  }

  /** More output of a terminal, for everybody who watches. */
  print(held: Held, text: string): void {
    const bytes = encoder.encode(text)
    const offset = held.output.length
    held.output = new Uint8Array([...held.output, ...bytes])
    held.status = { ...held.status, end_offset: held.output.length }
    for (const [socket, all] of this.#attached) {
      for (const { terminal, channel } of all.values()) {
        if (terminal === held) frame(socket, FRAME_KIND.terminal_output, channel, offset, bytes)
      }
    }
  }

  #attach(socket: MockConnection, held: Held, message: Record<string, unknown>): void {
    this.#resize(held, Number(message.cols), Number(message.rows))
    const channel = this.#channel++
    const input = this.#channel++
    const transfer = this.#channel++
    const all = this.#attached.get(socket)
    for (const [key, one] of all ?? []) if (one.terminal === held) all?.delete(key)
    all?.set(input, { terminal: held, channel, input, accepted: 0 })
    const { cols, rows } = held.status
    const typing = held.status.state === 'running' && held.status.mode === 'shared'
    send(socket, 'terminal.attached', {
      ...held.status,
      request_id: message.request_id,
      channel,
      input_channel: typing ? input : null,
      accepted: 0,
      transfer: { channel: transfer, kind: 'snapshot', from: 0, snapshot_bytes: 0, cols, rows, sizes: [], gap: null },
    })
    for (let at = 0; at < held.output.length; at += PIECE) {
      frame(socket, FRAME_KIND.transfer_data, transfer, at, held.output.subarray(at, at + PIECE))
    }
    send(socket, 'terminal.transfer_end', { channel: transfer, to: held.output.length })
  }

  #resize(held: Held, cols: number, rows: number): void {
    if (held.view.mode === 'exclusive' || (held.status.cols === cols && held.status.rows === rows)) return
    held.status = { ...held.status, cols, rows }
    held.view = { ...held.view, cols, rows }
    for (const [socket, all] of this.#attached) {
      for (const { terminal, channel } of all.values()) {
        if (terminal === held) send(socket, 'terminal.size', { channel, offset: held.output.length, cols, rows })
      }
    }
  }

  #tell(held: Held, change: { closed?: boolean; bell?: boolean } = {}): void {
    for (const socket of this.#attached.keys()) {
      send(socket, 'terminal.state', { terminal: held.status, closed: false, bell: false, ...change })
    }
  }
}

function send(socket: MockConnection, type: string, fields: object): void {
  socket.send(JSON.stringify({ schema_version: '1', type, ...fields }))
}

function frame(socket: MockConnection, kind: FrameKind, channel: number, offset: number, payload: Uint8Array): void {
  socket.send(encodeFrame({ kind, channel, offset, payload }))
}

function failure(status: number, code: string, message: string): Response {
  return Response.json({ error: { code, message, request_id: newId('request'), retryable: false } }, { status })
}
