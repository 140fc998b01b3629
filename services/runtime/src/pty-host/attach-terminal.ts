import { randomUUID } from 'node:crypto'
import type { ReadStream, WriteStream } from 'node:tty'
import { connectHost, type HostSource } from '@pilot/backend/terminal/host/host-source'
import { DetachKeys } from './detach-keys.ts'
import type { LocalTerminal } from './local-terminals.ts'

/** Output that may wait for this terminal to draw it, and input that may wait for the program to read. */
const WINDOW = 256 * 1024
/** How often a hold is renewed, and for how long a terminal that draws nothing is waited for. */
const RENEW_MS = 2_000
const STALLED_MS = 5_000

/** Modes, an open link and tab stops that a program may have set, undone without moving the cursor. */
const RESTORE = [9, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 47, 1049]
  .map((mode) => `\x1b[?${mode}l`)
  .concat('\x1b[!p\x1b]8;;\x1b\\\x1b[?5W\x1b[?25h\x1b[0m\r\n')
  .join('')

export interface AttachOptions {
  terminal: LocalTerminal
  stdin: ReadStream
  stdout: WriteStream
}

/**
 * Shows a terminal in the one that this command runs in, until it ends or the user detaches. The tty is as it was
 * afterwards, however this ends. Returns what to say last. Rejects when the terminal's holder cannot be reached.
 */
export async function attachTerminal({ terminal, stdin, stdout }: AttachOptions): Promise<string> {
  const source = await connectHost({ path: terminal.socket, terminalId: terminal.terminalId, role: 'attach' })
  let finish: (text: string) => void = () => {}
  const finished = new Promise<string>((resolve) => {
    finish = resolve
  })
  const writer = `attach-${randomUUID()}`
  const keys = new DetachKeys()
  let typed = 0
  let drawn = 0
  let received = 0
  let progressAt = performance.now()

  const resize = () => source.resize(stdout.columns || 80, stdout.rows || 24)
  const hold = () => {
    const waits = performance.now() - progressAt < STALLED_MS || drawn === received
    source.hold(waits ? drawn + 2 * WINDOW : null)
  }
  const credit = () => source.credit(drawn + WINDOW)
  const onInput = (chunk: Buffer) => {
    const { bytes, detach } = keys.push(chunk)
    if (bytes.length > 0) {
      source.write(writer, typed, bytes)
      typed += bytes.length
      if (typed - source.accepted(writer) > WINDOW / 2) stdin.pause()
    }
    if (detach) finish('Detached. The terminal goes on.')
  }
  const onSignal = () => finish('Detached. The terminal goes on.')
  const isOver = () => {
    const { state, exit_code: code, reason } = source.status
    if (state !== 'running' && received >= source.status.end_offset)
      finish(reason ?? `The program ended${code === null ? '' : ` with ${code}`}.`)
  }
  source.listen({
    onOutput(offset, bytes) {
      received = offset + bytes.length
      stdout.write(bytes, () => {
        drawn = Math.max(drawn, offset + bytes.length)
        progressAt = performance.now()
        credit()
        isOver()
      })
    },
    onAccepted: () => {
      if (typed - source.accepted(writer) <= WINDOW / 4) stdin.resume()
    },
    onStatus: isOver,
    onSize() {},
    onBell() {},
    onCheckpointWanted() {},
    onLost: () => finish('The process that held this terminal is gone.'),
  })

  const restore = () => {
    stdin.setRawMode?.(false)
    stdout.write(RESTORE)
  }
  process.once('exit', restore)
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.once(signal, onSignal)
  stdin.setRawMode?.(true)
  const renewal = setInterval(hold, RENEW_MS)
  try {
    resize()
    drawn = received = await drawPicture(source, stdout)
    hold()
    source.follow(drawn)
    credit()
    stdout.on('resize', resize)
    stdin.on('data', onInput)
    stdin.on('end', onSignal)
    stdin.resume()
    isOver()
    return await finished
  } finally {
    clearInterval(renewal)
    stdin.pause()
    stdin.removeAllListeners('data')
    source.release()
    process.removeListener('exit', restore)
    restore()
  }
}

/** Draws what the terminal shows, on an empty screen. Returns the offset that output follows from. */
async function drawPicture(source: HostSource, stdout: WriteStream): Promise<number> {
  const basis = await source.basis()
  stdout.write('\x1b[0m\x1b[H\x1b[2J')
  stdout.write(basis.snapshot)
  if (basis.approximate) source.redraw()
  return basis.offset
}
