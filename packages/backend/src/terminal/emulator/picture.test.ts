import { limitEmulator } from '@pilot/protocol/terminal/emulator-limits'
import { Unicode11Addon } from '@xterm/addon-unicode11'
import { Terminal } from '@xterm/headless'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutAt } from '../pictures.ts'
import { type EmulatorJob, runEmulator } from './run-emulator.ts'
import { hasOddCells, isMixed, wholeState } from './testing-state.ts'
import { type Step, steps } from './testing-streams.ts'

const COLS = 20
const ROWS = 6
const encode = (text: string) => new TextEncoder().encode(text)

/** An emulator as a tab has it. */
function emulator(cols = COLS, rows = ROWS) {
  const terminal = new Terminal({ cols, rows, scrollback: 1_000, allowProposedApi: true, logLevel: 'off' })
  limitEmulator(terminal)
  terminal.loadAddon(new Unicode11Addon())
  terminal.unicode.activeVersion = '11'
  return {
    terminal,
    write: (bytes: Uint8Array | string) => new Promise<void>((resolve) => terminal.write(bytes, resolve)),
    async play(list: Step[]) {
      for (const step of list) {
        if ('text' in step) await this.write(step.text)
        else terminal.resize(step.cols, step.rows)
      }
    },
  }
}

function job(list: Step[]): EmulatorJob {
  const sizes: EmulatorJob['sizes'] = []
  let raw = ''
  for (const step of list) {
    if ('text' in step) raw += step.text
    else sizes.push({ offset: encode(raw).length, cols: step.cols, rows: step.rows })
  }
  return {
    ...{ cols: COLS, rows: ROWS, snapshot: new Uint8Array(0), offset: 0, raw: encode(raw), sizes },
    ...{ format: 'ansi', scrollback: 1_000, maxBytes: 10_000_000 },
  }
}

const isSwitch = (step: Step) => 'text' in step && /\?(47|1047|1049)/.test(step.text)

const setsTabs = (step: Step) => 'text' in step && /\x1b(H|\[\d*g)|\u0088/.test(step.text)

/**
 * Without sizes that make a terminal with an alternate screen smaller: that screen keeps what was behind its edges, and
 * room for lines that scroll as history does, and nothing tells how much.
 */
function withoutShrinking(list: Step[]): Step[] {
  let [cols, rows] = [COLS, ROWS]
  return list.filter((step) => {
    if ('text' in step) return true
    const kept = step.rows >= rows && step.cols >= cols
    if (kept) [cols, rows] = [step.cols, step.rows]
    return kept
  })
}

/** Compares a terminal with one that began with its picture, at once and after the same output. */
async function compare(first: Step[], then: Step[]) {
  const all = [...first, ...then]
  // Tab stops of a wider screen are kept behind the edge of a narrower one, where none can be set.
  const sized = all.some(setsTabs) ? all.filter((step) => 'text' in step) : all
  const both = all.some(isSwitch) ? withoutShrinking(sized) : sized
  const before = both.filter((step) => first.includes(step))
  const after = both.filter((step) => then.includes(step))
  const whole = job(before)
  const cut = cutAt(whole.raw)
  const rest = whole.raw.subarray(cut)
  // A size that comes behind the cut is part of what follows the picture.
  if (whole.sizes.some((size) => size.offset > cut)) return
  const picture = await runEmulator({ ...whole, raw: whole.raw.subarray(0, cut) })
  const original = emulator()
  const copy = emulator(picture.cols, picture.rows)
  try {
    let at = 0
    for (const size of whole.sizes) {
      await original.write(whole.raw.subarray(at, size.offset))
      original.terminal.resize(size.cols, size.rows)
      at = size.offset
    }
    await original.write(whole.raw.subarray(at, cut))
    if (hasOddCells(original.terminal) || isMixed(original.terminal)) return
    await copy.write(picture.bytes)
    expect(wholeState(copy.terminal)).toEqual(wholeState(original.terminal))
    await original.write(rest)
    await copy.write(rest)
    await original.play(after)
    await copy.play(after)
    expect(wholeState(copy.terminal, false)).toEqual(wholeState(original.terminal, false))
  } finally {
    original.terminal.dispose()
    copy.terminal.dispose()
  }
}

test('a picture says everything that continued output is drawn with', async () => {
  await fc.assert(
    fc.asyncProperty(steps(30), steps(12), (before, after) => compare(before, after)),
    { numRuns: Number(process.env.PILOT_TEST_RUNS ?? 300) },
  )
}, 240_000)

test('a mark that combines with nothing, behind the last column', () =>
  compare([{ text: `${'a'.repeat(COLS)}\u001b7\u0301\u001b[m` }], [{ text: 'b\b\bc' }]))
