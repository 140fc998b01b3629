import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeScreen, FakeTerminal } from '../testing/fake-terminal.ts'

const SIZE = { cols: 100, rows: 30 }
const decoder = new TextDecoder()
const took = (t: FakeTerminal) => decoder.decode(Uint8Array.from(t.accepted))

function live() {
  const t = new FakeTerminal()
  const screen = new FakeScreen(true)
  t.connect()
  t.client.setScreen(screen, SIZE)
  t.settle(screen)
  const again = () => {
    t.cut()
    t.connect()
    t.settle(screen)
  }
  return { t, screen, again }
}

describe('terminal input', () => {
  it('sends keys at once, before the first answer too, and raw bytes as they are', () => {
    const t = new FakeTerminal()
    const screen = new FakeScreen(true)
    t.acceptedBefore = 41
    t.connect()
    t.client.setScreen(screen, SIZE)
    expect(t.client.input('lé')).toBe(true)
    t.settle(screen)
    expect(t.client.input(Uint8Array.of(0xff, 0x0d))).toBe(true)
    expect(t.up).toHaveLength(1)
    t.settle(screen)
    expect(t.accepted).toEqual([...new TextEncoder().encode('lé'), 0xff, 0x0d])
  })

  it('goes on by itself with young bytes after a lost link, without sending any twice', async () => {
    const { t, again } = live()
    t.client.input('one ')
    t.deliverUp()
    t.client.input('two ')
    t.cut()
    t.client.input('three')
    await t.clock.advance(4_900)
    t.connect()
    again()
    expect(took(t)).toBe('one two three')
    expect(t.client.get()).toMatchObject({ unsent: null, waiting_since: null })
  })

  it('keeps older ones until the user decides, and lets nothing overtake them', async () => {
    const { t, screen, again } = live()
    t.client.input('rm -r x\r')
    t.cut()
    await t.clock.advance(5_100)
    t.client.input('\u001b[A\u202e')
    again()
    expect(took(t)).toBe('')
    expect(t.client.get().unsent).toEqual({ bytes: 14, text: 'rm -r x\u23ce\u241b[A\ufffd' })
    t.client.input('z')
    again()
    expect(t.client.get().unsent).toMatchObject({ bytes: 15 })
    t.client.discardUnsent()
    t.client.input('new')
    t.settle(screen)
    expect(took(t)).toBe('new')
    // Bytes that the machine had received all the same must not be taken for what is typed now.
    const names = t.requests.flatMap((request) => (request.type === 'terminal.attach' ? [request.writer_id] : []))
    expect(new Set(names).size).toBe(2)
    t.client.input('!')
    t.cut()
    await t.clock.advance(60_000)
    again()
    t.client.sendUnsent()
    again()
    expect(took(t)).toBe('new!')
    expect(t.client.get().unsent).toBeNull()
  })

  it('takes 64 KiB while it waits, and no more', () => {
    const { t, again } = live()
    t.cut()
    expect(t.client.input('x'.repeat(65_536))).toBe(true)
    expect(t.client.input('y')).toBe(false)
    again()
    expect(t.accepted).toHaveLength(65_536)
    expect(t.client.input('y')).toBe(true)
  })

  it('never has more than the window under way, and frames of at most 16 KiB', () => {
    const { t, screen } = live()
    t.client.paste('a'.repeat(1_000_000))
    const underWay = () => t.up.flatMap((item) => ('kind' in item ? [item.payload.length] : []))
    expect(Math.max(...underWay())).toBe(16_384)
    expect(underWay().reduce((a, b) => a + b)).toBe(262_144 - 16_384)
    expect(t.client.get().paste).toEqual({ sent: 262_144 - 16_384, total: 1_000_000 })
    for (let index = 0; index < 20; index++) t.client.input('k')
    expect(underWay().reduce((a, b) => a + b)).toBe(262_144 - 16_384 + 20)
    t.settle(screen)
    expect(t.accepted).toHaveLength(1_000_020)
    expect(t.client.get().paste).toBeNull()
  })

  it('stops a paste at Ctrl-C, closes it, and lets the key through', () => {
    const { t, screen } = live()
    t.client.paste('a😀'.repeat(200_000), { prefix: '\u001b[200~', suffix: '\u001b[201~' })
    t.client.input('x')
    t.client.input('\u0003')
    t.settle(screen)
    expect(took(t)).toMatch(/^\u001b\[200~(a😀)+a?x\u001b\[201~\u0003$|^\u001b\[200~(a😀)+a?\u001b\[201~x\u0003$/)
    expect(t.client.get().paste).toBeNull()
    t.client.paste('short', { prefix: '<', suffix: '>' })
    t.client.stopPaste()
    t.settle(screen)
    expect(took(t)).toMatch(/\u0003<short>$/)
  })

  it('closes a paste that was cut by a lost link and discarded', async () => {
    const { t, screen, again } = live()
    t.client.paste('a'.repeat(400_000), { prefix: '<', suffix: '>' })
    t.deliverUp(3)
    t.cut()
    await t.clock.advance(8_000)
    again()
    const taken = t.accepted.length
    expect(t.client.get()).toMatchObject({ paste: null, unsent: { bytes: 400_002 - taken } })
    t.client.discardUnsent()
    t.settle(screen)
    expect(took(t)).toBe(`<${'a'.repeat(taken - 1)}>`)
  })

  it('holds what was typed for a program that is gone, or while somebody else types', async () => {
    const { t, screen, again } = live()
    t.client.input('for the old one')
    t.cut()
    t.epoch = 'e2'
    t.accepted = []
    t.connect()
    t.settle(screen)
    expect(t.client.get().unsent).toMatchObject({ text: 'for the old one' })
    t.client.discardUnsent()
    t.client.input('half')
    t.mode = 'exclusive'
    t.tellState()
    t.settle(screen)
    expect(t.client.get()).toMatchObject({ writable: false, unsent: { text: 'half' } })
    expect(t.client.input('x')).toBe(false)
    t.client.sendUnsent()
    again()
    expect(took(t)).toBe('')
    t.holder = t.userId
    t.tellState()
    t.settle(screen)
    t.client.sendUnsent()
    t.settle(screen)
    expect(took(t)).toBe('half')
    t.readOnly = true
    again()
    expect(t.client.get().writable).toBe(false)
    t.readOnly = false
    t.state = 'ended'
    again()
    expect(t.client.get().writable).toBe(false)
    expect(t.holes).toBe(0)
    await t.clock.advance(0)
  })

  it('offers nothing as unsent before it knows what was taken', () => {
    const { t, screen } = live()
    t.client.paste('a'.repeat(400_000))
    t.deliverUp(2)
    t.mode = 'exclusive'
    t.tellState()
    t.deliverDown()
    expect(t.client.get()).toMatchObject({ writable: false, unsent: null })
    t.settle(screen)
    expect(t.client.get().unsent).toMatchObject({ bytes: 400_000 - t.accepted.length })
  })

  it('asks where the machine stands when nothing is accepted, and sends what it had no room for', async () => {
    const { t, screen } = live()
    t.full = true
    t.client.input('lost?')
    t.settle(screen)
    t.full = false
    t.client.input('!')
    t.settle(screen)
    expect([took(t), t.holes]).toEqual(['', 1])
    await t.clock.advance(10_000)
    t.settle(screen)
    expect(took(t)).toBe('lost?!')
    expect(t.client.get().unsent).toBeNull()
    t.full = true
    t.client.input('x')
    for (let second = 0; second < 1_800; second++) {
      await t.clock.advance(1_000)
      t.settle(screen)
    }
    const attaches = t.requests.filter(({ type }) => type === 'terminal.attach').length
    expect(attaches).toBeGreaterThan(6)
    expect(attaches).toBeLessThan(15)
    expect(t.client.get()).toMatchObject({ unsent: null, waiting_since: t.clock.now() - 1_800_000 })
  })

  it('says that it waits, and asks for a sign of life after two seconds', async () => {
    const { t, screen } = live()
    const at = t.clock.now()
    t.client.input('x')
    await t.clock.advance(499)
    expect(t.client.get().waiting_since).toBeNull()
    await t.clock.advance(1)
    expect(t.client.get().waiting_since).toBe(at)
    expect(t.probes).toBe(0)
    await t.clock.advance(1_500)
    expect(t.probes).toBe(1)
    await t.clock.advance(5_000)
    expect(t.probes).toBe(1)
    t.settle(screen)
    expect(t.client.get().waiting_since).toBeNull()
  })
})

it('gives the program every byte once and in order, but those that the user discarded', async () => {
  const n = fc.integer({ min: 1, max: 4 })
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constant('type' as const), n) },
    { weight: 6, arbitrary: fc.tuple(fc.constant('up' as const), n) },
    { weight: 6, arbitrary: fc.tuple(fc.constant('down' as const), n) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('time' as const), n) },
    fc.tuple(
      fc.constantFrom('cut' as const, 'connect' as const, 'reset' as const, 'send' as const, 'discard' as const),
      n,
    ),
    fc.tuple(fc.constantFrom('other' as const, 'mine' as const, 'settle' as const), n),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 200, size: 'max' }), async (steps) => {
      const { t, screen } = live()
      let expected = ''
      let count = 0
      const say = (mode: 'shared' | 'exclusive') => {
        t.mode = mode
        t.tellState()
      }
      for (const [what, many] of steps) {
        if (what === 'type') {
          const text = Array.from({ length: many }, () => `${count++};`).join('')
          if (t.client.input(text)) expected += text
        } else if (what === 'up') t.deliverUp(many)
        else if (what === 'down') {
          t.pump(100)
          t.deliverDown(many)
        } else if (what === 'time') await t.clock.advance(many * 1_300)
        else if (what === 'cut') t.cut()
        else if (what === 'connect' && !t.isUp) t.connect()
        else if (what === 'reset') t.say({ type: 'terminal.reset', reason: 'link' })
        else if (what === 'settle') t.settle(screen)
        else if (what === 'send') t.client.sendUnsent()
        else if (what === 'other') say('exclusive')
        else if (what === 'mine') say('shared')
        else if (what === 'discard' && t.client.get().unsent) {
          t.client.discardUnsent()
          expected = took(t)
        }
        expect(expected.startsWith(took(t))).toBe(true)
      }
      t.cut()
      t.connect()
      say('shared')
      await t.quiet(screen)
      t.client.sendUnsent()
      t.settle(screen)
      expect(took(t)).toBe(expected)
      expect(t.client.get()).toMatchObject({ unsent: null, waiting_since: null, writable: true })
      t.terminals.close()
      expect(t.clock.pending).toBe(0)
    }),
    { numRuns: 150 },
  )
}, 30_000)

it('streams a paste with keys in it over lost links: each in its order, closed once', async () => {
  const step = fc.constantFrom('key', 'up', 'settle', 'cut', 'time', 'stop', 'interrupt')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15, size: 'max' }), async (steps) => {
      const { t, screen, again } = live()
      const paste = 'abcdefghé'.repeat(60_000)
      t.client.paste(paste, { prefix: '<', suffix: '>' })
      let keys = ''
      let count = 0
      for (const what of steps) {
        if (what === 'key') {
          keys += `${count};`
          t.client.input(`${count++};`)
        } else if (what === 'up') t.deliverUp(4)
        else if (what === 'settle') t.settle(screen)
        else if (what === 'cut') again()
        else if (what === 'time') await t.clock.advance(1_000)
        else if (what === 'stop') t.client.stopPaste()
        else {
          keys += '\u0003'
          t.client.input('\u0003')
        }
      }
      again()
      t.client.sendUnsent()
      t.settle(screen)
      const all = took(t)
      expect(all.replaceAll(/[^0-9;\u0003]/g, '')).toBe(keys)
      const pasted = all.replaceAll(/[0-9;\u0003]/g, '')
      expect(pasted.at(-1)).toBe('>')
      expect(`<${paste}`.startsWith(pasted.slice(0, -1))).toBe(true)
      expect(t.holes).toBe(0)
      t.terminals.close()
    }),
    { numRuns: 25 },
  )
}, 30_000)
