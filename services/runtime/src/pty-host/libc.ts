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
    open: { args: [FFIType.ptr, FFIType.i32, ...padding, FFIType.u32], returns: FFIType.i32 },
    close: { args: [FFIType.i32], returns: FFIType.i32 },
    write: { args: [FFIType.i32, FFIType.ptr, FFIType.u64], returns: FFIType.i64_fast },
    access: { args: [FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
    mkdir: { args: [FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
    chmod: { args: [FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
    rename: { args: [FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
    unlink: { args: [FFIType.ptr], returns: FFIType.i32 },
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

/**
 * From now on `pid` gets SIGIO whenever `descriptor` has something to read; with null nobody does. Linux alone; false when
 * it will not.
 */
export function announceInput(descriptor: number, pid: number | null): boolean {
  const flags = libc.fcntl(descriptor, F_GETFL, 0)
  if (pid === null) return libc.fcntl(descriptor, F_SETFL, flags & ~O_ASYNC) === 0
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

/** What of `wanted` is so for a descriptor, within `ms`; POLLHUP is told unasked. */
function poll(descriptor: number, wanted: number, ms: number): number {
  // One struct pollfd: the descriptor, what is asked, what is so.
  const asked = new Int16Array([descriptor & 0xffff, descriptor >> 16, wanted, 0])
  return libc.poll(asked, 1, ms) > 0 ? (asked[3] ?? 0) : 0
}

/** True when a terminal's far side is closed and nothing is left to read. Linux alone. */
export const isHungUp = (descriptor: number): boolean => (poll(descriptor, POLLIN, 0) & (POLLIN | POLLHUP)) === POLLHUP

/** True once there is something to read, or its end; nothing else happens in this process meanwhile. */
export const waitReadable = (descriptor: number, ms: number): boolean => poll(descriptor, POLLIN, ms) !== 0

/** Flags of open(2). Whatever is opened is closed in the programs that are started. */
export const OPEN = isMac
  ? { read: 0, write: 1, both: 2, create: 0x200, truncate: 0x400, noTerminal: 0x20000, noWait: 4 }
  : { read: 0, write: 1, both: 2, create: 0o100, truncate: 0o1000, noTerminal: 0o400, noWait: 0o4000 }
const CLOSE_ON_EXEC = isMac ? 0x1000000 : 0o2000000

const cString = (text: string) => Buffer.from(`${text}\0`)

/** A descriptor; a new file has `mode`. Throws when there is none. */
export function open(path: string, flags: number, mode = 0o600): number {
  // After two that are plain, see `ioctl`.
  const descriptor = libc.open(cString(path), flags | CLOSE_ON_EXEC, ...PADDING, mode)
  if (descriptor < 0) throw new Error(`${path} cannot be opened`)
  return descriptor
}

export const close = (descriptor: number): void => void libc.close(descriptor)

/** Bytes of `bytes` from `at` on that were taken; less than 0 when none. */
export function writeFrom(descriptor: number, bytes: Uint8Array, at: number): number {
  return bytes.length === at ? 0 : Number(libc.write(descriptor, ptr(bytes, at), bytes.length - at))
}

export const exists = (path: string): boolean => libc.access(cString(path), 0) === 0
/** True when it was made; false when something is there, or nothing can be. */
export const makeDirectory = (path: string, mode: number): boolean => libc.mkdir(cString(path), mode) === 0
export const changeMode = (path: string, mode: number): boolean => libc.chmod(cString(path), mode) === 0
export const rename = (from: string, to: string): boolean => libc.rename(cString(from), cString(to)) === 0
export const unlink = (path: string): boolean => libc.unlink(cString(path)) === 0
