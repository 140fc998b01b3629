import { existsSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runEmulator } from '../emulator/run-emulator.ts'
import { TerminalPictures } from '../pictures.ts'
import { RING_MAX } from './limits.ts'
import { Emulator } from './testing-emulator.ts'
import { type Recorded, testHosts, until } from './testing-host.ts'

/** Real full-screen programs through a real holder: whoever comes late or again sees what an undisturbed screen shows. */
let hosts: ReturnType<typeof testHosts>
beforeEach(() => {
  hosts = testHosts()
})
afterEach(() => hosts.dispose())

const where = (name: string) => ['/usr/bin', '/bin'].map((path) => `${path}/${name}`).find((path) => existsSync(path))
/** More output than is kept, so that nobody can begin at the very start. */
const FLOOD = `seq 1 ${Math.ceil(RING_MAX / 5)}`

/** Keys, and the text by which it is seen that they were taken. */
const programs: { name: string; run: string; keys: [keys: string, seen: string][] }[] = [
  {
    name: 'vim',
    run: 'vim -u NONE -i NONE -N -n +"set ruler scrolloff=0" /etc/services',
    keys: [
      ['50\x05', '51'],
      ['Ohello from here\x1b', 'hello from here'],
      [':split\r:vsplit\r', 'hello'],
      ['10\x1925\x05', '\x1b['],
      [':set number\r', '\x1b['],
    ],
  },
  {
    name: 'less',
    run: 'less -S /etc/services',
    keys: [
      ['  dd', ':'],
      ['/tcp\r', 'tcp'],
      ['20y', ':'],
      ['\x1b[C', ':'],
    ],
  },
]

/** Waits until no output came for a while. */
async function still(terminal: Recorded): Promise<void> {
  let last = -1
  for (let calm = 0; calm < 15; calm += 1) {
    if (terminal.source.status.end_offset !== last || terminal.length() === 0) calm = 0
    last = terminal.source.status.end_offset
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** What somebody sees who begins now with the picture of the holder. */
async function seenAnew(terminal: Recorded): Promise<string[]> {
  const basis = await terminal.source.basis()
  const parts: Uint8Array[] = []
  for (let at = basis.offset; ; ) {
    const part = await terminal.source.read(at, 1 << 18)
    if (part.length === 0) break
    parts.push(part)
    at += part.length
  }
  expect(basis.approximate ?? false).toBe(false)
  const emulator = new Emulator(basis.cols, basis.rows)
  await emulator.write(basis.snapshot)
  await emulator.draw(Buffer.concat(parts), basis.offset, basis.sizes)
  const screen = emulator.screen()
  emulator.dispose()
  return screen
}

describe.each(programs)('$name', ({ name, run, keys }) => {
  test.skipIf(!where(name))(
    'is the same for those who attach in the middle, after a picture was stored, too',
    async () => {
      const terminal = await hosts.start(['/bin/bash', '-c', `${FLOOD}; exec ${run}`])
      const undisturbed = new Emulator(80, 24)
      let drawn = 0
      const same = async (what: string) => {
        await still(terminal)
        await undisturbed.draw(terminal.bytes().subarray(drawn), 0, [])
        drawn = terminal.length()
        expect(await seenAnew(terminal), what).toEqual(undisturbed.screen())
      }
      terminal.watch()
      await until('the program', () => terminal.source.status.process === name && terminal.length() > RING_MAX)
      await same('at the start')
      for (const [typed, seen] of keys) {
        const from = terminal.length()
        terminal.type(typed)
        await until(`${seen} after ${typed}`, () => terminal.bytes().subarray(from).includes(seen))
        await same(`after ${JSON.stringify(typed)}`)
      }
      // The daemon stores a picture, and nothing else is left to begin with.
      await new TerminalPictures(runEmulator).checkpoint(terminal.source)
      for (const [typed] of keys) {
        terminal.type(typed)
        await same(`after a picture and ${JSON.stringify(typed)}`)
      }
      undisturbed.dispose()
    },
    60_000,
  )
})
