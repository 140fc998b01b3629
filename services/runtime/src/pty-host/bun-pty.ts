import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import type { Layer, LayerEvents } from '@pilot/backend/terminal/host/layer'
import { endSession } from './end-session.ts'
import { FlowGate } from './flow-gate.ts'
import { flowCharacters, ptsname, tcflow } from './libc.ts'

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

/**
 * A program in a terminal of its own, by Bun's inline terminal: it gives the child its controlling terminal, and costs
 * half the processor time of the alternatives. It has no pause of its own; `FlowGate` stops the writers in the kernel.
 * Throws what Bun.spawn throws when the program cannot be started.
 */
export function startPty(options: PtyOptions, events: LayerEvents): Layer {
  let lastData = 0
  let ended = false
  let closed = false
  let eof: () => void = () => {}
  const atEnd = new Promise<void>((resolve) => {
    eof = resolve
  })
  const before = openDescriptors()
  const child = Bun.spawn(options.argv, {
    cwd: options.cwd,
    env: options.env,
    terminal: {
      cols: options.cols,
      rows: options.rows,
      data(_terminal, bytes) {
        lastData = performance.now()
        events.onData(bytes)
      },
      drain: () => events.onWritten(),
      exit: () => eof(),
    },
  })
  const near = openDescriptors().find((descriptor) => !before.includes(descriptor) && ptsname(descriptor) !== null)
  const far = near === undefined ? null : ptsname(near)
  const gate = new FlowGate({
    characters: () => (near === undefined || closed ? null : flowCharacters(near)),
    flow: (stop) => {
      if (far === null || closed) return
      try {
        // Opened for the moment: a far side that stays open here would keep the end of the output from being seen.
        const descriptor = openSync(far, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
        tcflow(descriptor, stop)
        closeSync(descriptor)
      } catch {
        // The program is gone, and its terminal with it.
      }
    },
  })

  async function finish(): Promise<void> {
    const exitCode = await child.exited
    const deadline = performance.now() + DRAIN_MAX_MS
    lastData = performance.now()
    const quiet = async () => {
      while (performance.now() < deadline && performance.now() - lastData < DRAIN_QUIET_MS) await Bun.sleep(10)
    }
    await Promise.race([atEnd, quiet()])
    ended = true
    const signal = child.signalCode
    events.onExit({
      exitCode: signal ? null : exitCode,
      reason: signal ? `The program was ended by ${signal}.` : null,
    })
  }
  finish().catch(() => events.onExit({ exitCode: null, reason: 'The end of the program could not be observed.' }))

  return {
    programPid: child.pid,
    write(bytes) {
      if (ended || closed) return
      gate.typed(bytes)
      child.terminal?.write(bytes)
      gate.written()
    },
    resize(cols, rows) {
      if (!ended && !closed) child.terminal?.resize(cols, rows)
    },
    pause: () => gate.hold(),
    resume: () => gate.release(),
    foreground: () => foregroundOf(child.pid),
    end: (force, graceMs) => endSession(child.pid, force, graceMs),
    close() {
      closed = true
      child.terminal?.close()
    },
  }
}

/** The first descriptors of this process; a holder has a handful. */
function openDescriptors(): number[] {
  const found: number[] = []
  for (let descriptor = 3; descriptor < 64; descriptor += 1) if (ptsname(descriptor) !== null) found.push(descriptor)
  return found
}

/** Name of the process group in the foreground of the terminal that `pid` leads. Linux reads /proc, elsewhere ps tells. */
async function foregroundOf(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const group = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[5]
      return clean(readFileSync(`/proc/${group}/comm`, 'utf8'))
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
