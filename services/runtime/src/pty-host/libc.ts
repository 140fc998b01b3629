import { dlopen, FFIType, ptr, toArrayBuffer } from 'bun:ffi'

const isMac = process.platform === 'darwin'
const isMacArm = isMac && process.arch === 'arm64'

/** The C library under the names that it has; the first that loads is used. */
function load() {
  // A variable argument is passed on the stack there, which is where the ninth of a plain call goes.
  const padding = isMacArm ? Array.from({ length: 6 }, () => FFIType.u64) : []
  const symbols = {
    grantpt: { args: [FFIType.i32], returns: FFIType.i32 },
    unlockpt: { args: [FFIType.i32], returns: FFIType.i32 },
    ptsname: { args: [FFIType.i32], returns: FFIType.ptr },
    dup2: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    read: { args: [FFIType.i32, FFIType.ptr, FFIType.u64], returns: FFIType.i32 },
    poll: { args: [FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
    fcntl: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    ioctl: { args: [FFIType.i32, FFIType.u64, ...padding, FFIType.ptr], returns: FFIType.i32 },
  } as const
  const names = isMac ? ['libSystem.B.dylib'] : ['libc.so.6', `libc.musl-${musl[process.arch] ?? process.arch}.so.1`]
  let failure: unknown
  for (const name of names) {
    try {
      return dlopen(name, symbols).symbols
    } catch (error) {
      failure = error
    }
  }
  throw failure
}
const musl: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64' }
const libc = load()

/** Makes the far side of a fresh terminal ready and gives its path. Throws when the system has none left. */
export function unlockTerminal(near: number): string {
  const text = libc.grantpt(near) === 0 && libc.unlockpt(near) === 0 ? libc.ptsname(near) : null
  if (!text) throw new Error('no terminal is left')
  const bytes = new Uint8Array(toArrayBuffer(text, 0, 128))
  return new TextDecoder().decode(bytes.subarray(0, Math.max(0, bytes.indexOf(0))))
}

const TIOCSWINSZ = isMac ? 0x80087467 : 0x5414
const PADDING = Array.from({ length: isMacArm ? 6 : 0 }, () => 0)

/** Sets the size of a terminal, given by either side; its program is told by the system. */
export function setWindowSize(descriptor: number, cols: number, rows: number): void {
  libc.ioctl(descriptor, TIOCSWINSZ, ...PADDING, ptr(new Uint16Array([rows, cols, 0, 0])))
}

export const dup2 = (from: number, to: number) => libc.dup2(from, to)

/** Bytes that were read into `target` from `at` on, at most `max`; 0 or less when there is nothing, or an end. */
export function readInto(descriptor: number, target: Uint8Array, at: number, max: number): number {
  return libc.read(descriptor, ptr(target, at), max)
}

/** The values of Linux, the same on x64 and arm64; see ioctl_tty(2) and fcntl(2). */
const [F_GETFL, F_SETFL, F_SETOWN, O_ASYNC] = [3, 4, 8, 0o20000]
const [FIONREAD, TIOCPKT] = [0x541b, 0x5420]
const [POLLIN, POLLHUP] = [1, 16]

/** From now on `pid` gets SIGIO whenever `descriptor` has something to read. Linux alone; false when it will not. */
export function announceInput(descriptor: number, pid: number): boolean {
  const flags = libc.fcntl(descriptor, F_GETFL, 0)
  return libc.fcntl(descriptor, F_SETOWN, pid) === 0 && libc.fcntl(descriptor, F_SETFL, flags | O_ASYNC) === 0
}

/** From now on what is read from a terminal's near side begins with a byte that says what it is. Linux alone. */
export function readPackets(descriptor: number): boolean {
  return libc.ioctl(descriptor, TIOCPKT, ptr(new Int32Array([1]))) === 0
}

/** Bytes that can be read from a terminal's near side now. Linux alone. */
export function readable(descriptor: number): number {
  const count = new Int32Array(1)
  return libc.ioctl(descriptor, FIONREAD, ptr(count)) === 0 ? (count[0] ?? 0) : 0
}

/** True when a terminal's far side is closed and nothing is left to read. Linux alone. */
export function isHungUp(descriptor: number): boolean {
  // One struct pollfd: the descriptor, what is asked, what is so.
  const asked = new Int16Array([descriptor & 0xffff, descriptor >> 16, POLLIN, 0])
  const found = libc.poll(ptr(asked), 1, 0) > 0 ? (asked[3] ?? 0) : 0
  return (found & (POLLIN | POLLHUP)) === POLLHUP
}
