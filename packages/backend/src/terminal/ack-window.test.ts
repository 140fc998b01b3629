import { WINDOW_MAX, WINDOW_MIN } from '@pilot/protocol/terminal/model'
import { describe, expect, it } from 'vitest'
import { AckWindow } from './ack-window.ts'

interface Way {
  /** Bytes per millisecond that the narrowest place lets through, and round trip in ms without anything waiting. */
  rate: number
  roundTrip: number
}

/**
 * A program that never ends, a way with a narrow place, and a viewer that acknowledges as tabs do: every 128 KiB, or 50 ms
 * after the last time. `way` tells the way at a time. Gives what the viewer got and how long bytes waited.
 */
class Simulation {
  readonly window = new AckWindow()
  now = 0
  parsed = 0
  waitedMs: number[] = []
  #sent = 0
  #acked = 0
  #told = 0
  #toldAt = 0
  #free = 0
  #down: { at: number; to: number }[] = []
  #back: { at: number; to: number }[] = []

  /** `writes` says whether the program has something to say at a time; it always has, unless told otherwise. */
  run(way: Way, seconds: number, writes = (_now: number) => true): this {
    this.waitedMs = []
    // A prompt comes first.
    if (this.now === 0) {
      this.window.onSent(0, 0)
      this.window.onAck(0, false, way.roundTrip)
      this.now = 2 * way.roundTrip + 100
    }
    for (const until = this.now + seconds * 1_000; this.now < until; this.now++) this.#step(way, writes(this.now))
    return this
  }

  #step({ rate, roundTrip }: Way, writes: boolean): void {
    const { now, window } = this
    for (let head = this.#back[0]; head && head.at <= now; head = this.#back[0]) {
      this.#back.shift()
      const isFull = this.#sent >= window.limit(this.#acked)
      this.#acked = head.to
      window.onAck(this.#acked, isFull, now)
    }
    if (window.isPaced(this.#acked) && now % 20 === 0) window.onTime(now)
    const room = () => (writes ? window.limit(this.#acked) - this.#sent : 0)
    while (room() > 0) {
      const bytes = Math.min(room(), window.piece, 65_536)
      this.#sent += bytes
      window.onSent(this.#sent, now)
      this.#free = Math.max(this.#free, now) + bytes / rate
      this.waitedMs.push(this.#free - now)
      this.#down.push({ at: this.#free + roundTrip / 2, to: this.#sent })
    }
    for (let head = this.#down[0]; head && head.at <= now; head = this.#down[0]) {
      this.#down.shift()
      this.parsed = head.to
    }
    const waiting = this.parsed - this.#told
    if (waiting >= 131_072 || (waiting > 0 && now - this.#toldAt >= 50)) {
      this.#told = this.parsed
      this.#toldAt = now
      this.#back.push({ at: now + roundTrip / 2, to: this.parsed })
    }
  }

  /** What the viewer gets of what the way lets through, and what waits on it 19 times out of 20, over `seconds` more. */
  figures(way: Way, seconds: number): { used: number; waitedMs: number } {
    const before = this.parsed
    this.run(way, seconds)
    const waited = this.waitedMs.sort((a, b) => a - b)
    return {
      used: (this.parsed - before) / (way.rate * seconds * 1_000),
      waitedMs: waited[Math.floor(waited.length * 0.95)] ?? 0,
    }
  }
}

const ways: [string, Way][] = [
  ['20 kB/s and 600 ms', { rate: 20, roundTrip: 600 }],
  ['20 kB/s nearby', { rate: 20, roundTrip: 2 }],
  ['125 kB/s and 100 ms', { rate: 125, roundTrip: 100 }],
  ['1 MB/s and 30 ms', { rate: 1_000, roundTrip: 30 }],
]

describe('the window of acknowledgements', () => {
  it.each(ways)('fills a way of %s, with little that waits on it', (_, way) => {
    const { used, waitedMs } = new Simulation().run(way, 20).figures(way, 60)
    expect(used).toBeGreaterThan(0.95)
    expect(waitedMs).toBeLessThan(220)
  })

  it('lets little wait on a long way: never more than the first bytes take, and a quarter of a second once a rate is known', () => {
    const way = { rate: 20, roundTrip: 600 }
    const simulation = new Simulation().run(way, 12)
    expect(Math.max(...simulation.waitedMs)).toBeLessThan(700)
    for (let flood = 0; flood < 20; flood++) {
      simulation.run(way, 2, () => false).run(way, 4 + flood / 10)
      expect(simulation.waitedMs.filter((ms) => ms > 250).length).toBeLessThan(simulation.waitedMs.length / 20)
      expect(Math.max(...simulation.waitedMs)).toBeLessThan(300)
    }
  })

  it('finds the rate of a fast and long way within ten round trips', () => {
    const way = { rate: 500, roundTrip: 600 }
    expect(new Simulation().run(way, 9).figures(way, 6).used).toBeGreaterThan(0.75)
  })

  it.each(ways)('still fills a way of %s when the program pauses now and then', (_, way) => {
    const paused = new Simulation().run(way, 20).run(way, 60, (now) => now % 3_000 < 1_300)
    expect(paused.window.size).toBeGreaterThan(way.rate * way.roundTrip)
  })

  it('is as large as can be for a fast viewer, near or far, and as small as can be for a hopeless one', () => {
    expect(new Simulation().run({ rate: 20_000, roundTrip: 2 }, 3).window.size).toBe(WINDOW_MAX)
    expect(new Simulation().run({ rate: 20_000, roundTrip: 600 }, 30).window.size).toBe(WINDOW_MAX)
    expect(new Simulation().run({ rate: 1, roundTrip: 2 }, 400).window.size).toBe(WINDOW_MIN)
  })

  it('finds its size anew when the way becomes longer or shorter', () => {
    const [near, far] = [ways[1]?.[1], ways[0]?.[1]]
    if (!near || !far) throw new Error('no ways')
    const simulation = new Simulation().run(near, 20)
    expect(simulation.run(far, 40).figures(far, 40).used).toBeGreaterThan(0.85)
    expect(simulation.run(near, 40).figures(near, 40).waitedMs).toBeLessThan(300)
  })

  it('begins small, unless the viewer is next door, and grows with what it brings back while it is full', () => {
    const sizes = (roundTrip: number) => {
      const window = new AckWindow()
      const all = [window.size]
      for (const [round, end] of [8_000, 16_000, 24_000, 32_000].entries()) {
        window.onSent(end, round * 1_000)
        window.onAck(end, round > 1, round * 1_000 + roundTrip)
        all.push(window.size)
      }
      expect(window.piece).toBeLessThanOrEqual(window.size / 16)
      return all
    }
    expect(sizes(200)).toEqual([8_192, 8_192, 8_192, 12_192, 16_192])
    expect(sizes(2)).toEqual([8_192, 131_072, 131_072, 131_072, 131_072])
  })

  it('does not take what was left out for what was parsed', () => {
    const window = new AckWindow()
    for (let now = 0; now < 3_000; now += 100) {
      const end = now * 1_000_000
      if (now > 0) window.onJump(end, now)
      window.onSent(end + 10, now)
      window.onAck(end + 10, true, now + 99)
    }
    expect(window.size).toBeLessThan(10_000)
  })

  it('does not count a pause as time in which its viewers were slow', () => {
    const window = new AckWindow()
    let end = 0
    for (let now = 0; now < 3_600_000; now += 60_000) {
      end += window.size
      window.onSent(end, now)
      window.onAck(end, true, now + 99)
    }
    expect(window.limit(end) - end).toBeGreaterThanOrEqual(8_192)
  })

  it('does not count the time in which a program only trickled', () => {
    const window = new AckWindow()
    let end = 0
    for (let now = 0; now < 400; now += 100) {
      end += window.size
      window.onSent(end, now)
      window.onAck(end, true, now + 99)
    }
    const before = window.limit(end) - end
    for (let now = 400; now < 20_000; now += 40) {
      const floods = now % 1_000 === 0
      end += floods ? before : 10
      window.onSent(end, now)
      window.onAck(end - 30, now % 1_000 === 120, now + 19)
    }
    expect(window.limit(end) - end).toBeGreaterThanOrEqual(before)
  })

  it('learns nothing about its viewers from a quiet program', () => {
    const window = new AckWindow()
    window.onSent(10, 0)
    window.onAck(10, false, 20)
    const { size } = window
    for (let now = 200, at = 10; now < 10_000; now += 200, at += 10) {
      window.onSent(at + 10, now)
      window.onAck(at + 10, false, now + 20)
    }
    expect(window.size).toBe(size)
  })
})
