import type { Layer, LayerEvents } from '@pilot/backend/terminal/host/layer'
import { foregroundGroup } from '@pilot/backend/terminal/host/process-start'
import { endSession } from './end-session.ts'
import { readText } from './files.ts'
import { close, OPEN, open, setWindowSize, unlockTerminal, writeFrom } from './libc.ts'
import { SignalReader } from './signal-reader.ts'
import { StreamReader } from './stream-reader.ts'

export interface PtyOptions {
  argv: [string, ...string[]]
  cwd: string
  env: Record<string, string>
  cols: number
  rows: number
}

/** After the program ended, its last output counts as read once nothing came for this long. */
const DRAIN_QUIET_MS = 100
const DRAIN_MAX_MS = 2_000
const DRAIN_STEP_MS = 10
/** A terminal that takes no input is asked again after these times. */
const WRITE_RETRY_MS = 2
const WRITE_RETRY_MAX_MS = 100

/**
 * Opens the far side as the first thing of a new session, which makes it the controlling terminal, and becomes the
 * program.
 */
const BECOME = 'exec 0<>"$1" 1>&0 2>&0; shift; exec "$@"'

/**
 * A program in a terminal of its own. The near side is read here piece by piece, so that a pause is simply not reading.
 * (Stopping the terminal instead, as Ctrl-S does, loses bytes: the kernel looks for room, is stopped, and drops what it
 * was about to write.) Throws ENOENT when the program is missing, and what Bun.spawn and the system throw.
 */
export function startPty(options: PtyOptions, events: LayerEvents): Layer {
  const { argv, cwd, env, cols, rows } = options
  if (!Bun.which(argv[0], { PATH: env.PATH ?? '', cwd })) {
    throw Object.assign(new Error('the program is missing'), { code: 'ENOENT' })
  }
  const near = open('/dev/ptmx', OPEN.both | OPEN.noTerminal | OPEN.noWait)
  let far: number | null = null
  let child: Bun.Subprocess<'ignore', 'ignore', 'ignore'>
  try {
    const path = unlockTerminal(near)
    setWindowSize(near, cols, rows)
    // Held until the program has the far side: before, its end would be seen.
    far = open(path, OPEN.both | OPEN.noTerminal)
    child = Bun.spawn(['/bin/sh', '-c', BECOME, 'sh', path, ...argv], {
      cwd,
      env,
      stdio: ['ignore', 'ignore', 'ignore'],
      detached: true,
    })
  } catch (error) {
    for (const descriptor of [near, far]) if (descriptor !== null) close(descriptor)
    throw error
  }
  const letGo = () => {
    if (far !== null) close(far)
    far = null
  }

  let lastData = 0
  let ended = false
  let closed = false
  let retry: ReturnType<typeof setTimeout> | undefined
  const reading = {
    descriptor: near,
    onData(bytes: Uint8Array) {
      letGo()
      lastData = performance.now()
      events.onData(bytes)
    },
    room: () => events.room(),
  }
  const reader = SignalReader.start(reading) ?? new StreamReader(reading)

  async function finish(): Promise<void> {
    const exitCode = await child.exited
    letGo()
    // Something else may keep the terminal open, so that it never ends.
    let since = performance.now()
    lastData = since
    while (!reader.isAtEnd()) {
      const held = reader.released
      await (held ?? Bun.sleep(DRAIN_STEP_MS))
      const now = performance.now()
      if (held) since = lastData = now
      if (now - since >= DRAIN_MAX_MS || now - lastData >= DRAIN_QUIET_MS) break
    }
    ended = true
    clearTimeout(retry)
    const signal = child.signalCode
    events.onExit({
      exitCode: signal ? null : exitCode,
      reason: signal ? `The program was ended by ${signal}.` : null,
    })
  }
  finish().catch(() => events.onExit({ exitCode: null, reason: 'The end of the program could not be observed.' }))

  /** One call at a time: what the terminal has no room for is tried again. */
  function write(bytes: Uint8Array, waitMs: number): void {
    if (ended || closed) return
    let taken = 0
    reader.beforeInput()
    while (taken < bytes.length) {
      const count = writeFrom(near, bytes, taken)
      if (count <= 0) break
      taken += count
    }
    if (taken === bytes.length) {
      queueMicrotask(() => events.onWritten())
      return
    }
    // It has no room, or the program is about to be known as ended.
    const rest = bytes.slice(taken)
    const next = taken > 0 ? WRITE_RETRY_MS : Math.min(WRITE_RETRY_MAX_MS, waitMs * 2)
    retry = setTimeout(() => write(rest, next), waitMs)
  }

  return {
    programPid: child.pid,
    write: (bytes) => write(bytes, WRITE_RETRY_MS),
    resize(cols, rows) {
      if (!ended && !closed) setWindowSize(near, cols, rows)
    },
    pause: () => reader.hold(),
    resume: () => reader.release(),
    foreground: () => foregroundOf(child.pid),
    end: (force, graceMs) => endSession(child.pid, force, graceMs),
    close() {
      if (closed) return
      closed = true
      clearTimeout(retry)
      letGo()
      reader.close()
      close(near)
    },
  }
}

/** Name of the process group in the foreground of the terminal that `pid` leads. Linux reads /proc, elsewhere ps tells. */
async function foregroundOf(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux') {
      return clean(readText(`/proc/${foregroundGroup(pid, readText)}/comm`))
    }
    const group = (await output(['ps', '-o', 'tpgid=', '-p', String(pid)])).trim()
    const name = (await output(['ps', '-o', 'comm=', '-p', group])).trim()
    return clean(name.slice(name.lastIndexOf('/') + 1))
  } catch {
    return ''
  }
}

async function output(command: string[]): Promise<string> {
  const child = Bun.spawn(command, { stdin: 'ignore', stdout: 'pipe', stderr: 'ignore' })
  return await new Response(child.stdout).text()
}

const clean = (name: string) => name.replaceAll(/\p{C}/gu, '').slice(0, 64)
