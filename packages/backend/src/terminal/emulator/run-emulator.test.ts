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
