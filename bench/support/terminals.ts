import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { TerminalId } from '@pilot/domain/entities/terminal'
import { newId } from '@pilot/domain/ids'
import { browserLink } from '@pilot/frontend/link/browser-link'
import { createWorkspaceLink, type WorkspaceLink } from '@pilot/frontend/link/workspace-link'
import type { TerminalClient } from '@pilot/frontend/terminal/port'
import { createTerminals, type Terminals } from '@pilot/frontend/terminal/terminals'
import { writerIds } from '@pilot/frontend/terminal/writer-ids'
import { webSocketFactory } from '@pilot/protocol/link/socket'
import { type Client, endProcess } from './pilot.ts'
import { bun, freePort, type Scope, until } from './program.ts'

/** Node's client takes headers and protocols, which the browser's type does not know. */
const NodeWebSocket = WebSocket as unknown as new (
  url: string,
  options: { headers?: Record<string, string>; protocols?: string[] },
) => WebSocket

/** A terminal with a shell, whichever way its bytes go. */
export interface Shell {
  type(text: string): void
  /** Bytes so far. */
  bytes(): number
  /** Called with everything that comes, as it comes. Replaces the listener before. */
  listen(listener: ((bytes: Uint8Array) => void) | null): void
  close(): Promise<void>
}

/** A kind of terminal that is measured. */
export interface Kind {
  name: string
  /** Process that owns its terminals and serves their bytes; 0 when it is several. */
  pid: number
  open(): Promise<Shell>
}

export const PROMPT = 'PROMPT:'
export const FLOOD = 'yes "a line that floods the terminal and never ends by itself"'
/** Makes a shell quiet and its prompt known. The words are cut so that their echo is not taken for them. */
const PREPARE = `stty -echo; PS1=PROM""PT:; PS2=; PROMPT_COMMAND=; unset HISTFILE; echo rea""dy\r`

/** Sends a line, and resolves with the milliseconds until the text came after it. */
export function answer(shell: Shell, line: string, text: string, timeoutMs = 120_000): Promise<number> {
  const wanted = Buffer.from(text)
  let tail = Buffer.alloc(0)
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no "${text}" after ${timeoutMs} ms`)), timeoutMs)
    shell.listen((bytes) => {
      const all = Buffer.concat([tail, bytes])
      if (all.includes(wanted)) {
        clearTimeout(timer)
        shell.listen(null)
        resolve(performance.now() - began)
      }
      // Copied: what came is only lent.
      tail = Buffer.from(all.subarray(Math.max(0, all.length - wanted.length + 1)))
    })
    shell.type(line)
  })
}

/** The shell in a terminal that a tab shows in `sink`. */
export function shellOf(terminal: TerminalClient, sink: Sink, close = async () => {}): Shell {
  return {
    type: (text) => void terminal.input(text),
    bytes: () => sink.bytes,
    listen: (listener) => {
      sink.listener = listener
    },
    close,
  }
}

/** Waits until the shell of a fresh terminal answers, and makes it quiet. */
export async function prepared(shell: Shell): Promise<Shell> {
  await answer(shell, PREPARE, 'ready')
  await answer(shell, 'echo on""ce\r', 'once')
  return shell
}

/** One tab: the application's link and terminals over Node's WebSocket. */
export interface Tab {
  link: WorkspaceLink
  terminals: Terminals
  close(): void
}

export function openTab(client: Client): Tab {
  const { origin = '', cookie = '' } = client.headers
  const url = `${client.base.replace('http', 'ws')}/ws`
  const connect = webSocketFactory(() => new NodeWebSocket(url, { headers: { origin, cookie } }))
  const link = createWorkspaceLink({
    open: browserLink({ url, connect }),
    page: { visible: () => true, online: () => true, onChange: () => () => undefined },
  })
  const stored = new Map<string, string>()
  const writers = writerIds(() => ({
    getItem: (key) => stored.get(key) ?? null,
    setItem: (key, value) => void stored.set(key, value),
    removeItem: (key) => void stored.delete(key),
  }))
  const terminals = createTerminals({ feed: link.terminals, userId: newId('user'), writers })
  return {
    link,
    terminals,
    close: () => {
      terminals.close()
      link.close()
    },
  }
}

/** What a tab without an emulator is given; parsed as soon as it came, or at a rate in bytes per second. */
export class Sink {
  bytes = 0
  resets = 0
  listener: ((bytes: Uint8Array) => void) | null = null
  readonly #rate: number
  #free = 0

  constructor(rate = 0) {
    this.#rate = rate
  }
  reset(): void {
    this.resets += 1
  }
  resize(): void {}
  gap(): void {}
  write(bytes: Uint8Array, parsed: () => void): void {
    this.bytes += bytes.length
    this.listener?.(bytes)
    if (this.#rate === 0) {
      queueMicrotask(parsed)
      return
    }
    const now = performance.now()
    this.#free = Math.max(now, this.#free) + (bytes.length * 1_000) / this.#rate
    setTimeout(parsed, this.#free - now)
  }
}

/** A new terminal of the workspace. */
export async function createTerminal(client: Client): Promise<TerminalId> {
  const id = newId('terminal')
  await client.json('POST', '/terminal', { id, launch: { kind: 'shell', shell: 'bash' } })
  return id
}

export async function closeTerminal(client: Client, id: TerminalId): Promise<void> {
  const closed = await client.call('DELETE', `/terminal/${id}?force=1`)
  if (!closed.ok) throw new Error(`closing a terminal: ${closed.status} ${await closed.text()}`)
}

export async function attached(tab: Tab, id: TerminalId, sink: Sink): Promise<TerminalClient> {
  const terminal = tab.terminals.open(id)
  terminal.setVisible(true)
  terminal.setScreen(sink, { cols: 80, rows: 24 })
  await until('the terminal to be live', () => terminal.get().phase === 'live')
  return terminal
}

/** Terminals of the product. */
export function pilotKind(client: Client): Kind {
  return {
    name: 'pilot',
    pid: 0,
    async open() {
      const tab = openTab(client)
      const id = await createTerminal(client)
      const sink = new Sink()
      const terminal = await attached(tab, id, sink)
      const close = async () => {
        tab.close()
        await closeTerminal(client, id)
      }
      return prepared(shellOf(terminal, sink, close))
    },
  }
}

/** A raw PTY over a bare WebSocket. */
export async function bareKind(scope: Scope): Promise<Kind> {
  const server = spawn(bun(), [new URL('bare-terminal.mjs', import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  scope.defer(() => endProcess(server))
  let output = ''
  server.stdout.on('data', (data: Buffer) => {
    output += data.toString()
  })
  const url = await until('the bare terminal', () => output.includes('\n') && output.trim())
  return {
    name: 'bare PTY',
    pid: server.pid ?? 0,
    open: async () => prepared(await overSocket(new NodeWebSocket(url, {}))),
  }
}

/** ttyd, where it is installed; null where not. */
export async function ttydKind(scope: Scope): Promise<Kind | null> {
  if (spawnSync('ttyd', ['--version']).status !== 0) return null
  const port = await freePort()
  const server = spawn('ttyd', ['-W', '-i', '127.0.0.1', '-p', String(port), 'bash', '--norc', '--noprofile'], {
    stdio: 'ignore',
  })
  scope.defer(() => endProcess(server))
  await until('ttyd', () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      ({ ok }) => ok,
      () => false,
    ),
  )
  const open = async () => {
    const socket = new NodeWebSocket(`ws://127.0.0.1:${port}/ws`, { protocols: ['tty'] })
    return prepared(
      await overSocket(socket, {
        first: JSON.stringify({ AuthToken: '', columns: 80, rows: 24 }),
        up: '0',
        down: (bytes) => (bytes[0] === 0x30 ? bytes.subarray(1) : null),
      }),
    )
  }
  return { name: 'ttyd', pid: server.pid ?? 0, open }
}

interface Dialect {
  /** Said as soon as the connection is open. */
  first: string
  /** Stands before what is typed. */
  up: string
  /** What of a message is the terminal's. */
  down: (bytes: Uint8Array) => Uint8Array | null
}

async function overSocket(
  socket: WebSocket,
  { first, up, down }: Dialect = { first: '', up: '', down: (bytes) => bytes },
): Promise<Shell> {
  socket.binaryType = 'arraybuffer'
  let bytes = 0
  let listener: ((bytes: Uint8Array) => void) | null = null
  socket.addEventListener('message', ({ data }) => {
    if (!(data instanceof ArrayBuffer)) return
    const own = down(new Uint8Array(data))
    if (!own) return
    bytes += own.length
    listener?.(own)
  })
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('close', ({ code }) => reject(new Error(`the terminal's socket: ${code}`)))
  })
  const encoder = new TextEncoder()
  if (first) socket.send(encoder.encode(first))
  return {
    type: (text) => socket.send(encoder.encode(up + text)),
    bytes: () => bytes,
    listen: (next) => {
      listener = next
    },
    async close() {
      socket.close()
    },
  }
}

/** Processor time of processes so far, in ms. */
export function processorMs(...pids: number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * 10
  }, 0)
}

/** What processes take of the computer's memory, in MiB; what they share is counted once. */
export function proportionalMiB(...pids: number[]): number {
  return pids.reduce((sum, pid) => {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return sum + Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1_024
  }, 0)
}
