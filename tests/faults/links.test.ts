import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConnectionState } from '@pilot/frontend/link/connection-state'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FaultReport } from '../support/fault-report.ts'
import { FaultWorld } from '../support/fault-world.ts'
import type { NodeTab } from '../support/node-tab.ts'
import { until } from '../support/pilot.ts'
import { startProduct } from '../support/processes.ts'
import { SEED, SOAK, seeded } from '../support/random.ts'
import { Relay } from '../support/relay.ts'

/** Links between real processes, harmed on the way. What is on them is looked at elsewhere; here they have to notice. */
const random = seeded(SEED)
let world: FaultWorld
beforeAll(async () => {
  world = await FaultWorld.start(random)
})
afterAll(async () => {
  await world?.stop()
})

const live = ({ status }: ConnectionState) => status === 'live'
const notLive = (state: ConnectionState) => !live(state)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Harms, waits until every tab says so, heals, and waits until every tab is live again. */
async function cycle(report: FaultReport, tabs: NodeTab[], harm: () => unknown, heal: () => unknown): Promise<void> {
  await Promise.all(tabs.map((tab) => tab.live()))
  const began = performance.now()
  await harm()
  const detected = await Promise.all(tabs.map((tab) => tab.when(began, notLive)))
  await heal()
  const healed = performance.now()
  const recovered = await Promise.all(tabs.map((tab) => tab.when(healed, live)))
  await world.served()
  report.run({}, { detect: Math.max(...detected), recover: Math.max(...recovered) })
  report.sample(world.gateway.pid, world.daemon.pid)
}

/**
 * Each end waits longer with every failure until a connection has lived for half a minute. A fault is measured by
 * itself, so both ends begin it without the failures of the one before.
 */
async function unburdened(): Promise<NodeTab> {
  await world.daemon.kill('SIGKILL')
  world.startDaemon()
  await world.served()
  const tab = world.tab()
  await tab.live()
  return tab
}

/** Largest number of connections that a relay took within any second after `since`. */
function mostPerSecond(relay: Relay, since: number): number {
  const times = relay.acceptedAt.filter((at) => at >= since)
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length))
}

describe(`links (seed ${SEED})`, () => {
  it('F3: the gateway is killed; tabs and machine come back to the next one by themselves', async () => {
    const report = new FaultReport('F3', 'gateway killed')
    for (let run = 0; run < 3 * SOAK; run++) {
      const tabs = [await unburdened(), world.tab()]
      await cycle(
        report,
        tabs,
        () => world.gateway.kill('SIGKILL'),
        () => world.startGateway(),
      )
      for (const tab of tabs) tab.close()
    }
    report.finish()
  })

  it('F4: the gateway is replaced in place; nobody storms it', async () => {
    const report = new FaultReport('F4', 'gateway replaced')
    const tabs = [await unburdened(), ...Array.from({ length: 11 }, () => world.tab())]
    const began = performance.now()
    await cycle(
      report,
      tabs,
      () => world.gateway.kill('SIGTERM'),
      () => world.startGateway(),
    )
    report.figures.tabs = tabs.length
    report.figures['most connections per second'] = mostPerSecond(world.tabs, began)
    for (const tab of tabs) tab.close()
    // Each tab dials at most a few times per second, and not all in the same moment.
    expect(mostPerSecond(world.tabs, began)).toBeLessThan(tabs.length * 5)
    report.finish()
  })

  it('F5: the network goes away and comes back', async () => {
    const report = new FaultReport('F5', 'network cut')
    for (let run = 0; run < 4 * SOAK; run++) {
      const tab = await unburdened()
      const [relay, name] = random.pick([
        [world.tabs, 'tabs'],
        [world.machine, 'machine'],
      ] as const)
      const outage = random.int(50, 2_000)
      report.figures[`run ${run + 1}`] = `${name} ${outage} ms`
      await cycle(
        report,
        [tab],
        () => relay.away(),
        async () => {
          await pause(outage)
          relay.heal()
        },
      )
      tab.close()
    }
    report.finish()
  })

  it('F6, F7: a link that lost one direction, or both, without a word is not called live', async () => {
    const report = new FaultReport('F6', 'half-open link of a tab')
    const relays = await Promise.all(
      (['up', 'down', 'both'] as const).map(async (way) => ({
        way,
        relay: await Relay.start({ to: world.port, random, rewriteHost: true }),
      })),
    )
    try {
      const tabs = relays.map(({ relay }) => world.tab(relay))
      await Promise.all(tabs.map((tab) => tab.live()))
      const began = performance.now()
      for (const { way, relay } of relays) relay.drop(way)
      const detected = await Promise.all(tabs.map((tab) => tab.when(began, notLive)))
      // It says since when, and that is not before the last sign of life.
      for (const { state } of tabs) expect(state).toMatchObject({ since: expect.any(Number) })
      const healed = performance.now()
      for (const { relay } of relays) relay.heal()
      const recovered = await Promise.all(tabs.map((tab) => tab.when(healed, live)))
      for (const [index, detect] of detected.entries()) report.run({}, { detect, recover: recovered[index] ?? 0 })
      for (const tab of tabs) tab.close()
    } finally {
      for (const { relay } of relays) await relay.close()
    }
    report.finish()
  })

  it('F9: everything arrives in pieces of a few bytes, or late and in lumps', async () => {
    const report = new FaultReport('F9', 'sliced and coalesced')
    for (const shape of [{ slice: { min: 1, max: 7 } }, { delayMs: 40, jitterMs: 20 }]) {
      for (const relay of [world.tabs, world.machine]) relay.shape('both', shape)
      // The connections begin again under it.
      const began = performance.now()
      const tab = await unburdened()
      for (let i = 0; i < 5; i++) {
        const { status, body } = await world.browser.json(world.path('health'))
        if (status !== 200) report.run({ lost: 1 })
        else report.run({ lost: body ? 0 : 1 }, { recover: performance.now() - began })
      }
      tab.close()
      for (const relay of [world.tabs, world.machine]) relay.heal()
    }
    report.finish()
  })

  it('F10: a connection that reaches the gateway twice settles on one', async () => {
    const report = new FaultReport('F10a', 'duplicated connection')
    for (let run = 0; run < 3; run++) {
      const tab = await unburdened()
      world.machine.duplicateNext()
      await cycle(
        report,
        [tab],
        () => world.machine.cut(),
        () => undefined,
      )
      tab.close()
    }
    report.finish()
  })

  it('F10: a copied data directory: the later one serves, the earlier one is told why and stops', async () => {
    const report = new FaultReport('F10b', 'two machines with one identity')
    const other = realpathSync(mkdtempSync(join(tmpdir(), 'pilot-copy-')))
    const before = world.daemon
    cpSync(join(world.home, 'runtime', 'identity.json'), join(other, 'runtime', 'identity.json'), { recursive: true })
    const copy = startProduct(
      ['runtime', '--home', other, '--allow-root', '--label', 'copy'],
      {},
      `${JSON.stringify({ control_url: world.machine.url })}\n`,
    )
    try {
      const began = performance.now()
      await until('the earlier one to stop', () => !before.running())
      const detect = performance.now() - began
      expect([before.child.exitCode, before.output()]).toEqual([0, expect.stringMatching(/data directory was copied/)])
      const dialled = world.machine.accepted
      await world.served()
      report.run({}, { detect, recover: performance.now() - began })
      expect(copy.running()).toBe(true)
      // Nobody fights: the winner's connection is the last one.
      expect(world.machine.accepted).toBe(dialled)
    } finally {
      await copy.kill('SIGTERM')
      rmSync(other, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    }
    world.startDaemon()
    await world.served()
    report.finish()
  })

  it('F11: a tab that slept knows what is so when it wakes', async () => {
    const report = new FaultReport('F11', 'tabs asleep')
    const tabs = [world.tab(), world.tab(), world.tab()]
    await Promise.all(tabs.map((tab) => tab.live()))
    const [sleeper] = tabs
    sleeper?.setVisible(false)
    world.tabs.cut()
    await world.gateway.kill('SIGKILL')
    await world.startGateway()
    const woken = performance.now()
    sleeper?.setVisible(true)
    const recovered = await Promise.all(tabs.map((tab) => tab.when(woken, live)))
    report.run({}, { recover: Math.max(...recovered) })
    for (const tab of tabs) tab.close()
    report.finish()
  })

  it('F19: whoever signed out, or whose machine was revoked, is cut off at once', async () => {
    const report = new FaultReport('F19', 'sign-in ended, machine revoked')
    const other = await world.browser.copy()
    const [mine, theirs] = [world.tab(), world.tab(world.tabs, other)]
    await Promise.all([mine.live(), theirs.live()])
    const began = performance.now()
    await other.post('api/auth/sign-out', {})
    const detect = await theirs.when(began, ({ status }) => status === 'refused')
    report.run({}, { detect })
    expect(detect).toBeLessThan(5_000)
    expect(mine.state.status).toBe('live')

    const revoked = performance.now()
    await world.browser.call('mutation', 'machine.revoke', { machine_id: world.machineId })
    const seen = await mine.when(revoked, notLive)
    await until('the daemon to stop', () => !world.daemon.running())
    report.run({}, { detect: seen })
    expect(world.daemon.child.exitCode).toBe(0)
    const { status } = await world.browser.json(world.path('health'))
    expect(status).toBe(503)
    mine.close()
    report.finish()
  })
})
