import { PING_EVERY_MS, PING_MISSES } from '@pilot/protocol/link/link'
import { afterEach, expect, it, vi } from 'vitest'
import { FaultReport } from '../support/fault-report.ts'
import { arrive, LinkWorld } from './link-world.ts'

/** Three heartbeats and the moment of the last one. */
const LIMIT_MS = PING_EVERY_MS * (PING_MISSES + 1)
const STEP_MS = 1_000

let world: LinkWorld
afterEach(async () => {
  world.link.stop()
  await arrive()
})

/** Moves both clocks on by a second, and rings the hub where it asked to be rung. */
async function second(): Promise<void> {
  const { clock, hub } = world.hubWorld
  await Promise.all([world.clock.advance(STEP_MS), clock.advance(STEP_MS)])
  const { alarm } = world.hubWorld
  if (alarm !== null && clock.now() >= alarm) await hub.onAlarm()
  await arrive(3)
}

it('F6, F7: machine and hub notice within three heartbeats that nothing arrives, whichever way is dead', async () => {
  const report = new FaultReport('F7', 'half-open and one-way link of a machine')
  for (const way of ['both', 'up', 'down'] as const) {
    world = new LinkWorld()
    world.link.start()
    await vi.waitFor(() => expect(world.link.ready).toBe(true))
    const tab = world.hubWorld.viewer()
    const online = () => tab.messages('runtime.state').at(-1)?.online
    await arrive()
    // A while of health reports and answered pings comes first.
    for (let count = 0; count < 130; count++) await second()
    expect([online(), world.link.state.status, world.wires.length]).toEqual([true, 'live', 1])

    const dead = world.wire
    dead.silent = way
    const began = world.clock.now()
    let machine: number | null = null
    let hub: number | null = null
    const deadline = began + 10 * LIMIT_MS
    while ((machine === null || hub === null) && world.clock.now() < deadline) {
      await second()
      const since = world.clock.now() - began
      if (machine === null && world.wire !== dead) machine = since
      if (hub === null && (online() === false || world.hubWorld.hub.presence().online === false)) hub = since
      // A machine that dials again replaces the dead link, which is how a hub learns of it when only its own words are lost.
      if (hub === null && dead.hubSocket.closed) hub = since
    }
    // When only what the machine says is lost, it still hears the hub, and it is the hub that ends the link.
    expect.soft(Math.max(machine ?? Infinity, hub ?? Infinity), way).toBeLessThanOrEqual(LIMIT_MS + 20_000)
    report.run({}, { detect: Math.max(machine ?? 0, hub ?? 0) })
    await vi.waitFor(() => expect(world.link.ready).toBe(true))
    await arrive()
    expect(online(), way).toBe(true)
    expect(tab.closed).toBeNull()
    world.link.stop()
  }
  report.finish()
})

it('F5: outages of a second, a minute and an hour end with the same picture, and no dial after dial meanwhile', async () => {
  const report = new FaultReport('F5-long', 'long outages of a machine')
  for (const outage of [1_000, 60_000, 3_600_000]) {
    world = new LinkWorld()
    world.link.start()
    await vi.waitFor(() => expect(world.link.ready).toBe(true))
    for (let count = 0; count < 40; count++) await second()
    world.dead = true
    world.wire.lose()
    const dialled = world.wires.length
    await world.clock.advance(outage)
    await arrive()
    const attempts = world.wires.length - dialled
    world.dead = false
    const back = world.clock.now()
    while (!world.link.ready && world.clock.now() - back < 120_000) {
      await world.clock.advance(250)
      await arrive(3)
    }
    const recover = world.clock.now() - back
    expect(world.link.ready).toBe(true)
    expect(recover).toBeLessThanOrEqual(30_250)
    expect(attempts).toBeLessThan(12 + outage / 10_000)
    report.figures[`attempts in ${outage / 1_000} s`] = attempts
    report.run({}, { recover })
    world.link.stop()
  }
  report.finish()
})
