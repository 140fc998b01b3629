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
