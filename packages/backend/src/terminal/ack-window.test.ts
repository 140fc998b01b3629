import { WINDOW_MAX, WINDOW_MIN } from '@pilot/protocol/terminal/model'
import { describe, expect, it } from 'vitest'
import { AckWindow } from './ack-window.ts'
import { SimulatedWay, type Way } from './testing/simulated-way.ts'

const simulated = () => new SimulatedWay(new AckWindow())

const ways: [string, Way][] = [
  ['20 kB/s and 600 ms', { rate: 20, roundTrip: 600 }],
  ['20 kB/s nearby', { rate: 20, roundTrip: 2 }],
  ['125 kB/s and 100 ms', { rate: 125, roundTrip: 100 }],
  ['1 MB/s and 30 ms', { rate: 1_000, roundTrip: 30 }],
]

describe('the window of acknowledgements', () => {
  it.each(ways)('fills a way of %s, with little that waits on it', (_, way) => {
    const { used, waitedMs } = simulated().run(way, 20).figures(way, 60)
    expect(used).toBeGreaterThan(0.95)
    expect(waitedMs).toBeLessThan(220)
  })

  it('lets little wait on a long way: never more than the first bytes take, and a quarter of a second once a rate is known', () => {
    const way = { rate: 20, roundTrip: 600 }
    const simulation = simulated().run(way, 12)
    expect(Math.max(...simulation.waitedMs)).toBeLessThan(700)
    for (let flood = 0; flood < 20; flood++) {
      simulation.run(way, 2, () => false).run(way, 4 + flood / 10)
      expect(simulation.waitedMs.filter((ms) => ms > 250).length).toBeLessThan(simulation.waitedMs.length / 20)
      expect(Math.max(...simulation.waitedMs)).toBeLessThan(300)
    }
  })

  it('finds the rate of a fast and long way within ten round trips', () => {
    const way = { rate: 500, roundTrip: 600 }
    expect(simulated().run(way, 9).figures(way, 6).used).toBeGreaterThan(0.75)
  })

  it.each(ways)('still fills a way of %s when the program pauses now and then', (_, way) => {
    const paused = simulated()
      .run(way, 20)
      .run(way, 60, (now) => now % 3_000 < 1_300)
    expect(paused.window.size).toBeGreaterThan(way.rate * way.roundTrip)
  })

  it('is as large as can be for a fast viewer, near or far, and as small as can be for a hopeless one', () => {
    expect(simulated().run({ rate: 20_000, roundTrip: 2 }, 3).window.size).toBe(WINDOW_MAX)
    expect(simulated().run({ rate: 20_000, roundTrip: 600 }, 30).window.size).toBe(WINDOW_MAX)
    expect(simulated().run({ rate: 1, roundTrip: 2 }, 400).window.size).toBe(WINDOW_MIN)
  })

  it('finds its size anew when the way becomes longer or shorter', () => {
    const [near, far] = [ways[1]?.[1], ways[0]?.[1]]
    if (!near || !far) throw new Error('no ways')
    const simulation = simulated().run(near, 20)
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
