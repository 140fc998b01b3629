import { FakeClock } from '@pilot/protocol/link/fake-clock'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ACK_COALESCE_MS, ACK_STEP_BYTES } from './limits.ts'
import { AckAggregate } from './terminal-acks.ts'

test('whatever order viewers acknowledge in: monotone, complete, and few', async () => {
  const step = fc.record({
    viewer: fc.nat(199),
    advance: fc.nat(70_000),
    pause: fc.constantFrom(0, 0, 0, 1, ACK_COALESCE_MS * 2),
    interactive: fc.constantFrom(true, true, true, false),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 300 }), async (steps) => {
      const clock = new FakeClock()
      const told: { offset: number; interactive: boolean }[] = []
      const acks = new AckAggregate(clock, (offset, interactive) => told.push({ offset, interactive }))
      const parsed = new Map<number, number>()
      let furthest = 0
      let now = { offset: 0, interactive: false }
      let changes = 0
      let pauses = 0
      const sent = Number.MAX_SAFE_INTEGER
      for (const { viewer, advance, pause, interactive } of steps) {
        const offset = (parsed.get(viewer) ?? 0) + advance
        parsed.set(viewer, offset)
        furthest = Math.max(furthest, offset)
        if (interactive !== now.interactive) changes += 1
        now = { offset: furthest, interactive }
        acks.update({ furthest, sent, interactive })
        await clock.advance(pause)
        if (pause > 0) pauses += 1
      }
      await clock.advance(ACK_COALESCE_MS)
      if (steps.length > 0) expect(told.at(-1)).toEqual(now)
      for (const [index, { offset, interactive }] of told.entries()) {
        const before = told[index - 1]
        expect(offset).toBeGreaterThanOrEqual(before?.offset ?? 0)
        expect({ offset, interactive }).not.toEqual(before)
      }
      // One for each step of the furthest, each turn of attention, and each pause; never one for each viewer.
      expect(told.length).toBeLessThanOrEqual(furthest / ACK_STEP_BYTES + changes + pauses + 2)
      expect(clock.pending).toBe(0)
    }),
  )
})

test('what leaves nothing to wait for is told at once', () => {
  const told: number[] = []
  const acks = new AckAggregate(new FakeClock(), (offset) => told.push(offset))
  acks.update({ furthest: 0, sent: 0, interactive: true })
  acks.update({ furthest: 100, sent: 500, interactive: true })
  expect(told).toEqual([0])
  acks.update({ furthest: 500, sent: 500, interactive: true })
  expect(told).toEqual([0, 500])
})
