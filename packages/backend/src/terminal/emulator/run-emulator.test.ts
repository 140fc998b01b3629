import { limitEmulator } from '@pilot/protocol/terminal/emulator-limits'
import { Unicode11Addon } from '@xterm/addon-unicode11'
import { Terminal } from '@xterm/headless'
import { expect, test } from 'vitest'
import { type EmulatorJob, runEmulator } from './run-emulator.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const job = (raw: string, more: Partial<EmulatorJob> = {}): EmulatorJob => ({
  cols: 20,
  rows: 4,
  snapshot: new Uint8Array(0),
  offset: 0,
  raw: bytes(raw),
  sizes: [],
  format: 'text',
  scrollback: 100,
  maxBytes: 100_000,
  ...more,
})
const drawn = async (raw: string, more?: Partial<EmulatorJob>) =>
  new TextDecoder().decode((await runEmulator(job(raw, more))).bytes)

test('emoji and wide characters take the room that they take in a tab', async () => {
  // The cursor goes to column 4: behind two cells of emoji and two of the wide letter it is the same place.
  expect((await drawn('🧪漢|\x1b[5G!')).trimEnd()).toBe('🧪漢!')
})

test('a picture draws the same cells, also on the alternate screen and after a resize', async () => {
  for (const raw of ['🧪漢 \x1b[31mred\x1b[0m\r\nnext', '\x1b[44mmain\r\n\x1b[?1049h\x1b[2;3Hmenu 👍 here']) {
    const picture = await runEmulator(job(raw, { format: 'ansi', sizes: [{ offset: 6, cols: 30, rows: 5 }] }))
    expect(picture).toMatchObject({ cols: 30, rows: 5 })
    const terminal = new Terminal({ cols: 30, rows: 5, allowProposedApi: true })
    terminal.loadAddon(new Unicode11Addon())
    terminal.unicode.activeVersion = '11'
    await new Promise<void>((resolve) => terminal.write(picture.bytes, resolve))
    const lines = Array.from({ length: 5 }, (_, row) => terminal.buffer.active.getLine(row)?.translateToString(true))
    expect(lines.join('\n').trimEnd()).toBe((await drawn(raw, { sizes: [{ offset: 6, cols: 30, rows: 5 }] })).trimEnd())
    terminal.dispose()
  }
})

test('no output stops the emulator or makes it work for ever', async () => {
  // Erases up to the last cell where there is no history, which threw.
  for (const erase of ['\x1b[1J', '\x1b[?1J']) expect(await drawn(`one\x1b[4;20Hx${erase}\x1b[Hafter`)).toBe('after\n')
  // What lies above stays where there is some.
  expect(await drawn(`${'line\r\n'.repeat(5)}\x1b[4;20Hx\x1b[1J`)).toBe('line\nline\n')
  expect(await drawn('a\x1b[30000000b\x1b[Hend')).toBe(`${'a'.repeat(20)}end${'a'.repeat(58)}\n`)
  // Two new sizes, without history.
  const sizes = [
    { offset: 22, cols: 5, rows: 4 },
    { offset: 22, cols: 5, rows: 5 },
  ]
  expect(await drawn(`${'a'.repeat(20)}\r\n\x1b[ @end`, { scrollback: 0, sizes })).toContain('end')
})

test.each(['L', 'M', 'S', 'T', 'I', 'Z', 'b'])(
  'a count of CSI %s is no more than what fits on the screen',
  async (final) => {
    const terminal = new Terminal({ cols: 20, rows: 4, allowProposedApi: true })
    const counts: unknown[] = []
    // Asked after those of the limit, before the emulator's own.
    terminal.parser.registerCsiHandler({ final }, ([count]) => {
      counts.push(count)
      return false
    })
    limitEmulator(terminal)
    await new Promise<void>((resolve) => terminal.write(`a\x1b[2${final}\x1b[2147483647${final}`, resolve))
    expect(counts).toEqual([2, final === 'b' ? 80 : 'IZ'.includes(final) ? 20 : 4])
    terminal.dispose()
  },
)

test('the newest lines are kept where not all fit', async () => {
  const lines = Array.from({ length: 90 }, (_, index) => `line ${index}`).join('\r\n')
  const text = await drawn(lines, { maxBytes: 200 })
  expect(bytes(text).length).toBeLessThanOrEqual(200)
  expect(text).toContain('line 89')
  expect(text).not.toContain('line 1\n')
})

test('no character is lost where the emulator takes long output in pieces, or where a size cuts one', async () => {
  const line = `${'“—”'.repeat(6)}\r\n`
  for (const before of ['', 'a', 'aa']) {
    const text = await drawn(`${before}${line.repeat(4_000)}`, { scrollback: 5_000, maxBytes: 1_000_000 })
    expect(text).toBe(`${before}${`${'“—”'.repeat(6)}\n`.repeat(4_000)}`)
  }
  for (const offset of [1, 2]) expect(await drawn('“a”', { sizes: [{ offset, cols: 30, rows: 5 }] })).toBe('“a”\n')
})
