import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeScreen, FakeTerminal } from '../testing/fake-terminal.ts'

const SIZE = { cols: 100, rows: 30 }
const text = (bytes: readonly number[]) => String.fromCharCode(...bytes)
const bytesOf = (value: string) => Array.from(value, (char) => char.charCodeAt(0))
const acks = (t: FakeTerminal) => t.requests.filter((request) => request.type === 'terminal.ack')

function live(screen = new FakeScreen()) {
  const t = new FakeTerminal()
  t.connect()
  t.client.setScreen(screen, SIZE)
  t.settle(screen)
  return { t, screen }
}

/** The screen holds the picture it was given and every byte after it, each at the size that it was printed for. */
function expectFaithful(t: FakeTerminal, screen: FakeScreen) {
  const [, epoch, from] = /^<(e\d+):(\d+)>/.exec(text(screen.bytes.slice(0, 40))) ?? []
  expect(epoch).toBe(t.epoch)
  const start = Number(from)
  expect(text(screen.bytes.slice(40))).toBe(text(t.output.slice(start)))
  expect(screen.sizes.slice(40)).toEqual(t.output.slice(start).map((_, index) => t.sizeAt(start + index)))
  expect(screen.size).toBe(t.sizeAt(Number.MAX_SAFE_INTEGER))
  expect(screen.early).toBe(0)
}

describe('terminal output', () => {
  it('draws a picture, catches up, goes on live, and trims what comes twice', () => {
    const t = new FakeTerminal()
    const screen = new FakeScreen()
    t.print(bytesOf('hello '))
    t.connect()
    t.client.setScreen(screen, SIZE)
    expect(t.client.get().phase).toBe('attaching')
    t.deliverUp()
    t.pump(43)
    t.deliverDown()
    expect(t.client.get().phase).toBe('catching_up')
    t.settle(screen)
    expect(t.client.get().phase).toBe('live')
    t.print(bytesOf('world'))
    t.pump(3)
    t.pump(4, 2)
    t.settle(screen)
    expectFaithful(t, screen)
  })

  it('gives a size when everything before it is parsed, and what follows after that', () => {
    const { t, screen } = live()
    t.print(bytesOf('wide'))
    t.resize(40, 10)
    t.print(bytesOf('narrow'))
    t.pump(100)
    t.deliverDown()
    expect(screen.size).toBe('80x24')
    expect(text(screen.bytes.slice(40))).toBe('wide')
    screen.parse()
    expect(screen.size).toBe('40x10')
    t.settle(screen)
    expectFaithful(t, screen)
  })

  it('says which output is live, also of a catch-up that is drawn only after its end', () => {
    const t = new FakeTerminal()
    const screen = new FakeScreen()
    t.print(bytesOf('old '))
    t.resize(40, 10)
    t.print(bytesOf('older'))
    t.connect()
    t.client.setScreen(screen, SIZE)
    t.settle(screen)
    t.print(bytesOf('new'))
    t.settle(screen)
    expectFaithful(t, screen)
    const fresh = screen.bytes.filter((_, index) => screen.lives[index])
    expect(text(fresh)).toBe('new')
    expect(screen.lives.lastIndexOf(false)).toBe(screen.lives.length - 4)
  })

  it('acknowledges early what comes first after a pause, and only so often', async () => {
    const { t, screen } = live()
    await t.clock.advance(1_000)
    const before = acks(t).length
    for (let piece = 0; piece < 40; piece++) {
      t.print(bytesOf('x'.repeat(4_096)))
      t.settle(screen)
      t.deliverUp()
    }
    expect(acks(t).length - before).toBe(32)
    await t.clock.advance(1_000)
    t.print(bytesOf('x'.repeat(100)))
    t.print(bytesOf('x'.repeat(100)))
    t.settle(screen)
    t.deliverUp()
    expect(acks(t).length - before).toBeLessThan(32 + 4)
  })

  it('acknowledges by amount, and a little after a pause', async () => {
    const { t, screen } = live()
    await t.clock.advance(1_000)
    for (let piece = 0; piece < 40; piece++) {
      t.print(bytesOf('x'.repeat(4_096)))
      t.settle(screen)
    }
    await t.clock.advance(120)
    t.deliverUp()
    const before = acks(t).length
    t.print(bytesOf('x'.repeat(220_000)))
    t.settle(screen)
    t.deliverUp()
    expect(acks(t).slice(before)).toMatchObject([
      { channel: 7, offset: 163_840 + 50_000 },
      { channel: 7, offset: 163_840 + 200_000 },
    ])
    await t.clock.advance(49)
    t.deliverUp()
    expect(acks(t).length).toBe(before + 2)
    await t.clock.advance(1)
    t.deliverUp()
    expect(acks(t).at(-1)).toMatchObject({ channel: 7, offset: 163_840 + 220_000 })
    await t.clock.advance(10_000)
    expect(t.clock.pending).toBe(0)
  })

  it('gives the screen whole characters, however they are cut, also by a lost link and by a size', async () => {
    const t = new FakeTerminal()
    const screen = new FakeScreen()
    const strict = new TextDecoder('utf-8', { fatal: true })
    let shown = ''
    const { write } = screen
    screen.write = (bytes, parsed, live) => {
      shown += strict.decode(bytes)
      write.call(screen, bytes, parsed, live)
    }
    const said = 'é“👩‍👧” — ก็漢字…'
    const bytes = [...new TextEncoder().encode(said)]
    t.print(bytes)
    t.connect()
    t.client.setScreen(screen, SIZE)
    t.deliverUp()
    const step = (size: number) => {
      t.pump(size)
      t.deliverDown()
      screen.parse()
    }
    step(40)
    for (let at = 0; at < bytes.length + 1; at += 1) step(1)
    t.settle(screen)
    expect(t.client.get().phase).toBe('live')
    for (const cut of bytes.keys()) {
      t.print(bytes.slice(0, cut))
      t.settle(screen)
      if (cut % 3 === 0) {
        t.cut()
        t.connect()
      } else if (cut % 3 === 1) t.resize(60 + cut, 20)
      t.print(bytes.slice(cut))
      t.settle(screen)
    }
    expect(shown.slice(40)).toBe(said.repeat(1 + bytes.length))
    expect(screen.resets).toBe(1)
    await t.clock.advance(100)
    t.deliverUp()
    expect(acks(t).at(-1)).toMatchObject({ channel: 7, offset: t.output.length })
  })

  it('says where live output stands once the transfer is on the screen', () => {
    const t = new FakeTerminal()
    const screen = new FakeScreen()
    t.print(bytesOf('abc'))
    t.connect()
    t.client.setScreen(screen, SIZE)
    t.deliverUp()
    t.pump(100)
    t.deliverDown()
    expect(t.client.get().phase).toBe('live')
    t.deliverUp()
    expect(acks(t)).toEqual([])
    screen.parse()
    t.deliverUp()
    expect(acks(t).at(-1)).toMatchObject({ channel: 7, offset: 3 })
  })

  it('attaches again from where it stands after a hole, a reset, a lost link and an absent machine', async () => {
    const { t, screen } = live()
    const since = () => t.requests.findLast((request) => request.type === 'terminal.attach')
    await t.clock.advance(2_000)
    t.print(bytesOf('0123456789'))
    t.pump(2)
    t.lose(3)
    t.settle(screen)
    expect(since()).toMatchObject({ since: { epoch: 'e1', offset: 2 } })
    t.say({ type: 'terminal.reset', reason: 'behind' })
    t.settle(screen)
    expect(since()).toMatchObject({ since: { epoch: 'e1', offset: 10 } })
    t.cut()
    expect(t.client.get().phase).toBe('waiting')
    t.connect()
    t.settle(screen)
    t.machine(false)
    expect(t.client.get().phase).toBe('waiting')
    t.print(bytesOf('later'))
    t.machine(true)
    t.settle(screen)
    expect(t.client.get().phase).toBe('live')
    expect(screen.resets).toBe(1)
    expectFaithful(t, screen)
  })

  it('marks what nobody keeps, begins anew for another epoch and another screen', () => {
    const { t, screen } = live()
    t.print(bytesOf('a'.repeat(50)))
    t.settle(screen)
    t.cut()
    t.print(bytesOf('b'.repeat(50)))
    t.ringStart = 80
    t.connect()
    t.settle(screen)
    expect(screen.gaps).toEqual([30])
    expectFaithful(t, screen)
    t.epoch = 'e2'
    t.output = bytesOf('new')
    t.ringStart = 0
    t.sizes = [{ offset: 0, cols: 80, rows: 24 }]
    t.viewer = null
    t.tellState()
    t.settle(screen)
    expectFaithful(t, screen)
    const other = new FakeScreen()
    t.client.setScreen(other, SIZE)
    t.settle(other)
    expect(t.requests.findLast((request) => request.type === 'terminal.attach')).not.toHaveProperty('since')
    expectFaithful(t, other)
  })
})

it('shows exactly what the program printed, whatever happens on the way', async () => {
  const small = fc.integer({ min: 1, max: 60 })
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('print' as const), small) },
    { weight: 8, arbitrary: fc.tuple(fc.constant('pump' as const), small) },
    { weight: 8, arbitrary: fc.tuple(fc.constant('down' as const), fc.integer({ min: 1, max: 4 })) },
    { weight: 6, arbitrary: fc.tuple(fc.constant('up' as const), fc.integer({ min: 1, max: 3 })) },
    { weight: 6, arbitrary: fc.tuple(fc.constant('parse' as const), fc.integer({ min: 1, max: 3 })) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('resize' as const), fc.integer({ min: 2, max: 9 })) },
    fc.tuple(
      fc.constantFrom('cut' as const, 'overlap' as const, 'lose' as const, 'reset' as const, 'forget' as const),
      small,
    ),
    fc.tuple(fc.constantFrom('away' as const, 'time' as const), small),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 200, size: 'max' }), async (steps) => {
      const { t, screen } = live()
      let printed = 0
      for (const [what, n] of steps) {
        if (what === 'print') t.print(Array.from({ length: n }, () => 65 + (printed++ % 57)))
        else if (what === 'pump') t.pump(n)
        else if (what === 'overlap') t.pump(n, n)
        else if (what === 'down') t.deliverDown(n)
        else if (what === 'up') t.deliverUp(n)
        else if (what === 'parse') screen.parse(n)
        else if (what === 'resize') t.resize(n * 10, n)
        else if (what === 'lose') t.lose(n)
        else if (what === 'reset') t.say({ type: 'terminal.reset', reason: 'link' })
        else if (what === 'forget') t.ringStart = Math.min(t.output.length, t.ringStart + n)
        else if (what === 'time') await t.clock.advance(n * 100)
        else if (what === 'away') {
          t.machine(false)
          t.machine(true)
        } else {
          t.cut()
          t.connect()
        }
      }
      t.print([33])
      await t.quiet(screen)
      expect(t.client.get().phase).toBe('live')
      expectFaithful(t, screen)
      t.terminals.close()
      expect(t.clock.pending).toBe(0)
    }),
    { numRuns: 150 },
  )
}, 30_000)
