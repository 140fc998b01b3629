import { WINDOW_MAX } from '@pilot/protocol/terminal/model'
import { describe, expect, it } from 'vitest'
import { SimulatedWay, type Way } from './testing/simulated-way.ts'
import { TransferWindow } from './transfer-window.ts'

/** A history without an end. */
class LongTransfer {
  readonly window = new TransferWindow()
  get piece() {
    return this.window.piece
  }
  limit(acked: number): number {
    return acked + this.window.size
  }
  onSent(end: number, now: number): void {
    this.window.onSent(end, now)
  }
  onAck(acked: number, _isFull: boolean, now: number): void {
    this.window.onAck(acked, now)
  }
}

const simulated = () => new SimulatedWay(new LongTransfer(), true)

const ways: [string, Way, ready: number][] = [
  ['20 kB/s and 600 ms', { rate: 20, roundTrip: 600 }, 2],
  ['20 kB/s nearby', { rate: 20, roundTrip: 2 }, 2],
  ['125 kB/s and 100 ms', { rate: 125, roundTrip: 100 }, 2],
  ['1 MB/s and 100 ms', { rate: 1_000, roundTrip: 100 }, 2],
  ['500 kB/s and 600 ms', { rate: 500, roundTrip: 600 }, 5],
  ['10 MB/s nearby', { rate: 10_000, roundTrip: 2 }, 1],
]

describe('the window of a transfer', () => {
  it.each(ways)('fills a way of %s within seconds, and what others send waits little behind it', (_, way, ready) => {
    const simulation = simulated().run(way, ready)
    expect(Math.max(0, ...simulation.waitedMs)).toBeLessThan(850)
    const { used, waitedMs } = simulation.figures(way, 20)
    expect(used).toBeGreaterThan(0.95)
    expect(waitedMs).toBeLessThan(450)
  })

  it('takes the viewer next door for a fast one with its first acknowledgement', () => {
    const window = new TransferWindow()
    window.onSent(1_000, 0)
    window.onAck(1_000, 5)
    expect(window.size).toBe(131_072)
  })

  it('does not take a lump for a fast way', () => {
    const window = new TransferWindow()
    for (let end = 1_024; end <= 16_384; end += 1_024) window.onSent(end, 0)
    window.onAck(1_024, 600)
    window.onSent(17_408, 600)
    window.onAck(16_384, 601)
    expect(window.size).toBeLessThanOrEqual(65_536)
  })

  it.each([300, 1_000])(
    'gives a viewer that looks every %i ms as much as it takes, though it acknowledges late',
    (busy) => {
      const quick = { rate: 10_000, roundTrip: 2 }
      const most = (0.85 * WINDOW_MAX) / (busy * quick.rate)
      // Busy from the first byte on; only later; and on a way that became faster meanwhile.
      for (const before of [null, quick, { rate: 50, roundTrip: 2 }]) {
        const simulation = simulated()
        if (before) simulation.run(before, 3)
        expect(
          simulation.run({ ...quick, busy }, 20 + 10 * (busy / 300)).figures({ ...quick, busy }, 30).used,
        ).toBeGreaterThan(most)
      }
    },
  )

  it.each([
    [{ rate: 20, roundTrip: 2, busy: 1_000 }, 0.75],
    [{ rate: 1_000, roundTrip: 100, busy: 300 }, 0.65],
  ])('gives a viewer that looks at irregular times most of its way (%o)', (way, least) => {
    const used = Array.from({ length: 10 }, (_, start) => {
      const irregular = { ...way, irregular: start / 10 }
      return simulated().run(irregular, 10).figures(irregular, 60).used
    })
    expect(used.reduce((sum, one) => sum + one, 0) / used.length).toBeGreaterThan(least)
  })

  it('finds its size anew when the way becomes slower or faster', () => {
    const fast = { rate: 1_000, roundTrip: 100 }
    const slow = { rate: 20, roundTrip: 100 }
    const simulation = simulated().run(fast, 10).run(slow, 60)
    expect(simulation.figures(slow, 10).waitedMs).toBeLessThan(450)
    expect(simulation.run(fast, 10).figures(fast, 10).used).toBeGreaterThan(0.9)
    // A viewer that was busy, too.
    const busy = simulated()
      .run({ ...fast, busy: 1_000, irregular: 0.3 }, 40)
      .run({ ...fast, busy: 300 }, 20)
    expect(busy.run(slow, 60).figures(slow, 10).waitedMs).toBeLessThan(450)
  })

  it('learns nothing while there is less to send than it may', () => {
    const window = new TransferWindow()
    for (let now = 0, end = 0; now < 5_000; now += 100) {
      end += 3_000
      window.onSent(end, now)
      window.onAck(end, now + 90)
    }
    expect(window.size).toBe(16_384)
  })
})
