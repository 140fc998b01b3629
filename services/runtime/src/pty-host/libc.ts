import { dlopen, FFIType, ptr, toArrayBuffer } from 'bun:ffi'

const isMac = process.platform === 'darwin'

/** The C library under the names that it has; the first that loads is used. */
function load() {
  const symbols = {
    tcflow: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    tcgetattr: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
    ptsname: { args: [FFIType.i32], returns: FFIType.ptr },
    dup2: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
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

/** Stops or starts the writing of programs to a terminal, which is given by a descriptor of its far side. */
export const tcflow = (descriptor: number, stop: boolean) => {
  // TCOOFF and TCOON differ between systems.
  const action = isMac ? (stop ? 1 : 2) : stop ? 0 : 1
  return libc.tcflow(descriptor, action) === 0
}

/** Path of the far side of a terminal, null when the descriptor is not the near side of one. */
export function ptsname(descriptor: number): string | null {
  const text = libc.ptsname(descriptor)
  if (!text) return null
  const bytes = new Uint8Array(toArrayBuffer(text, 0, 128))
  return new TextDecoder().decode(bytes.subarray(0, Math.max(0, bytes.indexOf(0))))
}

export const dup2 = (from: number, to: number) => libc.dup2(from, to)

/** Characters of a terminal that act on its output. */
export interface FlowCharacters {
  /** Whether stop and start act at all (IXON), and whether the interrupting ones do (ISIG). */
  flow: boolean
  signals: boolean
  /** Any character starts again (IXANY). */
  any: boolean
  stop: number
  start: number
  interrupting: number[]
  literal: number
}

const termios = new Uint8Array(128)
const view = new DataView(termios.buffer)

/** Reads them from a descriptor of either side; null when it is no terminal any more. */
export function flowCharacters(descriptor: number): FlowCharacters | null {
  if (libc.tcgetattr(descriptor, ptr(termios)) !== 0) return null
  if (isMac) {
    const iflag = view.getUint32(0, true)
    const lflag = view.getUint32(24, true)
    return describe(iflag, { ixon: 0x200, ixany: 0x800 }, (lflag & 0x80) !== 0, 32, [13, 12, 8, 9, 10, 14])
  }
  const iflag = view.getUint32(0, true)
  const lflag = view.getUint32(12, true)
  return describe(iflag, { ixon: 0x400, ixany: 0x800 }, (lflag & 0x1) !== 0, 17, [9, 8, 0, 1, 10, 15])
}

function describe(
  iflag: number,
  bits: { ixon: number; ixany: number },
  signals: boolean,
  base: number,
  [stop = 0, start = 0, interrupt = 0, quit = 0, suspend = 0, literal = 0]: number[],
): FlowCharacters {
  const at = (index: number) => termios[base + index] ?? 0
  return {
    flow: (iflag & bits.ixon) !== 0,
    any: (iflag & bits.ixany) !== 0,
    signals,
    stop: at(stop),
    start: at(start),
    interrupting: [at(interrupt), at(quit), at(suspend)],
    literal: at(literal),
  }
}
