interface Core {
  cols: number
  rows: number
  /** The active screen: cursor, and its lines with their history. */
  buffer: { x: number; y: number; lines: { length: number } }
  registerCsiHandler(id: { prefix?: string; final: string }, handler: (params: Params) => boolean): unknown
}

/** Numbers of a control sequence, which the emulator's own handler reads next. */
interface Params {
  params: { [index: number]: number }
}

/** Counts beyond these do what these do: lines, columns, characters of a screen. */
const MOST: Record<string, (core: Core) => number> = {
  // Lines inserted and deleted, scrolled up and down.
  L: ({ rows }) => rows,
  M: ({ rows }) => rows,
  S: ({ rows }) => rows,
  T: ({ rows }) => rows,
  // Tab stops forward and back.
  I: ({ cols }) => cols,
  Z: ({ cols }) => cols,
  // The last character again.
  b: ({ cols, rows }) => cols * rows,
}

/**
 * Keeps a terminal's output from stopping its emulator (xterm.js 6.0.0; `terminal` is its Terminal, with or without a
 * screen). It does one step after the other for a count of up to 2³¹, which takes hours or all memory; and erasing up
 * to the last cell of a terminal without history (CSI 1 J) throws, after which nothing is parsed any more. Its inside is
 * used because handlers of the published interface get copies of the numbers. Throws when that is another than expected.
 */
export function limitEmulator(terminal: unknown): void {
  const core = typeof terminal === 'object' && terminal !== null && '_core' in terminal ? terminal._core : null
  if (!isCore(core)) throw new Error('the inside of the emulator is not as it was')
  for (const [final, most] of Object.entries(MOST)) {
    core.registerCsiHandler({ final }, ({ params }) => {
      params[0] = Math.min(params[0] ?? 0, most(core))
      return false
    })
  }
  const erase = ({ params }: Params) => {
    const { x, y, lines } = core.buffer
    // All of the screen, then: there is no line behind that would have to know that it is no continuation.
    if (params[0] === 1 && x + 1 >= core.cols && y + 1 >= lines.length) params[0] = 2
    return false
  }
  core.registerCsiHandler({ final: 'J' }, erase)
  core.registerCsiHandler({ prefix: '?', final: 'J' }, erase)
}

function isCore(value: unknown): value is Core {
  if (typeof value !== 'object' || value === null) return false
  if (!('registerCsiHandler' in value && typeof value.registerCsiHandler === 'function')) return false
  if (!('cols' in value && typeof value.cols === 'number' && 'rows' in value && typeof value.rows === 'number'))
    return false
  const buffer = 'buffer' in value ? value.buffer : null
  if (typeof buffer !== 'object' || buffer === null) return false
  const lines = 'lines' in buffer ? buffer.lines : null
  const hasCursor = 'x' in buffer && typeof buffer.x === 'number' && 'y' in buffer && typeof buffer.y === 'number'
  return hasCursor && typeof lines === 'object' && lines !== null && 'length' in lines
}
