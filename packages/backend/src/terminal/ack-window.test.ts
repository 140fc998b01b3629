import { WINDOW_MAX, WINDOW_MIN } from '@pilot/protocol/terminal/model'
import { expect, test } from 'vitest'
import { AckWindow } from './ack-window.ts'

/** Viewers that parse `rate` bytes per millisecond, say so every 64 KiB or when idle, `delay` ms away. */
function run(rate: number, delay: number, seconds: number): AckWindow {
  const window = new AckWindow()
  let [sent, parsed, acked] = [0, 0, 0]
  const way: { at: number; to: number }[] = []
  const back: { at: number; to: number }[] = []
  let told = 0
  for (let now = 0; now < seconds * 1_000; now++) {
    for (; back[0] && back[0].at <= now; back.shift()) {
      acked = back[0].to
      window.onAck(acked, acked < sent, now)
    }
    const room = acked + window.size - sent
    if (room > 0) {
      sent += room
      window.onSent(sent, acked, now)
      way.push({ at: now + delay / 2, to: sent })
    }
    window.onLimited()
    const here = way.findLast(({ at }) => at <= now)?.to ?? 0
    parsed = Math.min(here, parsed + rate)
    if (parsed > told && (parsed - told >= 65_536 || (parsed === here && now % 100 === 0))) {
      told = parsed
      back.push({ at: now + delay / 2, to: parsed })
    }
  }
  return window
}

test('a fast viewer gets the largest window, a slow one a quarter of a second of its own rate', () => {
  expect(run(20_000, 2, 3).size).toBe(WINDOW_MAX)
  expect(run(20, 2, 60).size).toBeLessThan(40_000)
  expect(run(1, 2, 400).size).toBe(WINDOW_MIN)
})

test('a long way is no reason for a small window', () => {
  expect(run(20_000, 600, 30).size).toBe(WINDOW_MAX)
  expect(run(20, 600, 60).size).toBeLessThan(80_000)
})

test('a quiet program says nothing about its viewers', () => {
  const window = new AckWindow()
  const { size } = window
  for (let now = 0, at = 0; now < 10_000; now += 200, at += 10) {
    window.onSent(at + 10, at, now)
    window.onAck(at + 10, false, now + 150)
  }
  expect(window.size).toBe(size)
})
