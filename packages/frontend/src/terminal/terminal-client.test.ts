import { newId } from '@pilot/domain/ids'
import { describe, expect, it } from 'vitest'
import { FakeScreen, FakeTerminal } from '../testing/fake-terminal.ts'
import { type TabStorage, writerIds } from './writer-ids.ts'

const SIZE = { cols: 100, rows: 30 }
const screen = new FakeScreen(true)
const sent = (t: FakeTerminal, type: string) => t.requests.filter((request) => request.type === type)

function live() {
  const t = new FakeTerminal()
  t.connect()
  t.client.setScreen(screen, SIZE)
  t.settle(screen)
  return t
}

describe('terminal client', () => {
  it('attaches with size and visibility, and tells of changes', () => {
    const t = new FakeTerminal()
    t.client.setVisible(false)
    t.client.setScreen(screen, { cols: 1, rows: 30.7 })
    expect(t.client.get().phase).toBe('waiting')
    t.connect()
    t.settle(screen)
    expect(sent(t, 'terminal.attach')[0]).toMatchObject({ cols: 2, rows: 30, visible: false })
    t.client.setVisible(true)
    t.client.setVisible(true)
    t.client.wantSize(120, 40)
    t.client.wantSize(120, 40)
    t.client.setScreen(screen, { cols: 121, rows: 40 })
    t.client.setScreen(null, SIZE)
    t.settle(screen)
    expect(t.requests.slice(1).filter(({ type }) => type !== 'terminal.ack')).toMatchObject([
      { type: 'terminal.visible', visible: true },
      { type: 'terminal.resize', cols: 120, rows: 40 },
      { type: 'terminal.resize', cols: 121, rows: 40 },
      { type: 'terminal.detach' },
    ])
    expect(t.client.get().phase).toBe('waiting')
    t.client.setScreen(screen, SIZE)
    t.settle(screen)
    expect(t.client.get().phase).toBe('live')
  })

  it('tries again after errors that pass, and not after final ones', async () => {
    const t = new FakeTerminal()
    t.refuseWith = { code: 'RUNTIME_OFFLINE', retryable: true }
    t.connect()
    t.client.setScreen(screen, SIZE)
    await t.quiet(screen)
    const tries = sent(t, 'terminal.attach').length
    expect(tries).toBeGreaterThan(3)
    expect(tries).toBeLessThan(12)
    expect(t.client.get().phase).not.toBe('refused')
    t.refuseWith = { code: 'NOT_FOUND', retryable: false }
    await t.quiet(screen)
    await t.quiet(screen)
    const final = sent(t, 'terminal.attach').length
    t.cut()
    t.connect()
    await t.quiet(screen)
    expect(t.client.get()).toMatchObject({ phase: 'refused', writable: false, error: { code: 'NOT_FOUND' } })
    expect(t.client.input('x')).toBe(false)
    expect(sent(t, 'terminal.attach')).toHaveLength(final)
    expect(t.clock.pending).toBe(0)
    t.refuseWith = null
    t.tellState()
    t.settle(screen)
    expect(t.client.get()).toMatchObject({ phase: 'live', writable: true, error: null })
  })

  it('asks again when no answer comes, when a transfer stalls, and at once when the machine is back', async () => {
    const t = live()
    t.cut()
    t.connect()
    await t.clock.advance(10_000)
    await t.clock.advance(1_100)
    expect(t.up.filter((item) => 'type' in item && item.type === 'terminal.attach').length).toBeGreaterThan(1)
    t.deliverUp()
    t.deliverDown()
    expect(t.client.get().phase).toBe('catching_up')
    await t.clock.advance(15_000)
    expect(t.client.get().phase).toBe('waiting')
    t.machine(true)
    expect(t.client.get().phase).toBe('attaching')
    t.settle(screen)
    expect(t.client.get().phase).toBe('live')
  })

  it('ignores what belongs to an attach of before', () => {
    const t = live()
    t.say({ type: 'terminal.reset', reason: 'link' })
    t.deliverDown()
    t.deliverUp()
    t.say({ type: 'terminal.reset', reason: 'link' })
    const [answer, reset] = t.down.splice(0)
    if (!answer || !reset) throw new Error('nothing was said')
    t.down = [reset, answer]
    t.deliverDown()
    expect(t.client.get().phase).toBe('attaching')
    t.down = [{ kind: 4, channel: 101, offset: 900, payload: Uint8Array.of(1) }]
    t.settle(screen)
    expect(t.client.get().phase).toBe('live')
    expect(sent(t, 'terminal.attach')).toHaveLength(3)
  })

  it('follows mode, end, bell and close', async () => {
    const t = live()
    let bells = 0
    t.client.onBell(() => bells++)
    const asked = t.client.setMode('exclusive', false)
    t.settle(screen)
    await asked
    expect(t.client.get()).toMatchObject({ writable: true, status: { mode: 'exclusive', holder: t.userId } })
    t.holder = newId('user')
    t.tellState({ bell: true })
    t.settle(screen)
    expect([bells, t.client.get().writable]).toEqual([1, false])
    t.cut()
    t.connect()
    t.settle(screen)
    t.mode = 'shared'
    t.tellState()
    t.settle(screen)
    expect(t.client.get().writable).toBe(true)
    expect(t.client.input('ok')).toBe(true)
    t.settle(screen)
    expect(t.accepted).toHaveLength(2)
    t.state = 'ended'
    t.tellState()
    t.settle(screen)
    expect(t.client.get()).toMatchObject({ phase: 'live', writable: false })
    t.tellState({ closed: true })
    t.settle(screen)
    expect(t.client.get()).toMatchObject({ phase: 'refused', error: { code: 'NOT_FOUND' } })
  })

  it('keeps what is typed while an ended terminal is started anew for the new program', async () => {
    const t = live()
    const { promise, reject } = Promise.withResolvers<void>()
    const end = () => {
      t.state = 'ended'
      t.tellState()
      t.settle(screen)
    }
    const renew = (epoch: string) => {
      Object.assign(t, { epoch, state: 'running', accepted: [] })
      t.say({ type: 'terminal.reset', reason: 'link' })
      t.tellState()
    }
    t.client.input('exit\r')
    t.settle(screen)
    end()
    expect(t.client.input('x')).toBe(false)
    t.client.awaitProgram(Promise.resolve())
    expect(t.client.input('a')).toBe(true)
    // Its end is told again, and the old one is attached once more.
    t.cut()
    t.connect()
    t.tellState()
    t.settle(screen)
    expect(t.client.input('b')).toBe(true)
    renew('e2')
    t.deliverDown()
    expect(t.client.get().writable).toBe(true)
    expect(t.client.input('c')).toBe(true)
    t.settle(screen)
    expect(new TextDecoder().decode(Uint8Array.from(t.accepted))).toBe('abc')
    expect(t.client.get()).toMatchObject({ phase: 'live', unsent: null })
    // Somebody else opened it again: what is typed as soon as that is told is for the new program, too.
    end()
    renew('e3')
    t.deliverDown()
    expect(t.client.input('d')).toBe(true)
    t.settle(screen)
    expect(t.accepted).toEqual([100])
    end()
    t.client.awaitProgram(promise)
    t.client.input('lost?')
    reject(new Error('no'))
    await promise.catch(() => {})
    expect(t.client.get()).toMatchObject({ writable: false, unsent: { text: 'lost?' } })
  })

  it('rejects a change of mode when the link is down, breaks, or answers too late', async () => {
    const t = live()
    const late = expect(t.client.setMode('shared', false)).rejects.toMatchObject({ code: 'RUNTIME_TIMEOUT' })
    await t.clock.advance(10_000)
    await late
    const broken = expect(t.client.setMode('shared', false)).rejects.toMatchObject({ code: 'NETWORK' })
    t.cut()
    await broken
    await expect(t.client.setMode('shared', true)).rejects.toMatchObject({ code: 'NETWORK' })
    t.terminals.close()
    expect(t.clock.pending).toBe(0)
  })

  it('tells listeners of changes only', () => {
    const t = live()
    let changes = 0
    t.client.subscribe(() => changes++)
    const before = t.client.get()
    for (const key of 'typing') {
      t.client.input(key)
      t.settle(screen)
    }
    t.tellState({ bell: true })
    t.settle(screen)
    expect(changes).toBe(0)
    expect(t.client.get()).toBe(before)
  })
})

describe('writer ids', () => {
  it('go on over a reload, and are not shared with a duplicated tab', () => {
    const terminal = newId('terminal')
    const entries = new Map<string, string>()
    const storage = (of: Map<string, string>): TabStorage => ({
      getItem: (key) => of.get(key) ?? null,
      setItem: (key, value) => of.set(key, value),
      removeItem: (key) => of.delete(key),
    })
    const first = writerIds(() => storage(entries))
    const id = first.take(terminal)
    expect(id).toMatch(/^[A-Za-z0-9_-]{8,40}$/)
    expect(first.take(terminal)).toBe(id)
    expect(writerIds(() => storage(new Map(entries))).take(terminal)).not.toBe(id)
    first.leave()
    expect(writerIds(() => storage(entries)).take(terminal)).toBe(id)
    const none = writerIds(() => {
      throw new Error('forbidden')
    })
    expect(none.take(terminal)).toBe(none.take(terminal))
    none.leave()
  })
})
