import type { TerminalClient } from '@pilot/frontend/terminal/port'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FaultReport } from '../support/fault-report.ts'
import { FaultWorld } from '../support/fault-world.ts'
import { LineStream } from '../support/line-stream.ts'
import { until } from '../support/pilot.ts'
import { residentMiB } from '../support/processes.ts'
import { numberedLines } from '../support/programs.ts'
import { SEED, SOAK, seeded } from '../support/random.ts'
import { Relay } from '../support/relay.ts'
import { CountingScreen } from '../support/screens.ts'

/** Terminals over links that are cut, slow, in pieces, or read by somebody who is slow. */
const random = seeded(SEED)
let world: FaultWorld
beforeAll(async () => {
  world = await FaultWorld.start(random)
})
afterAll(async () => {
  await world?.stop()
})

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const sample = (report: FaultReport) => report.sample(world.gateway.pid, world.daemon.pid, ...world.hosts())
const used = () => [world.gateway.pid, world.daemon.pid].reduce((sum, pid) => sum + residentMiB(pid), 0)

/** A live terminal with a shell, or with a program. */
async function shell(tab = world.tab(), command?: string): Promise<{ client: TerminalClient; screen: CountingScreen }> {
  const screen = new CountingScreen()
  const client = tab.attach(await world.openTerminal(), screen)
  await until('the terminal to be live', () => client.get().phase === 'live')
  client.input('stty -echo; PS1=; echo re""ady\r')
  await until('the shell', () => screen.tail.includes('ready'))
  if (command) client.input(`${command}\r`)
  return { client, screen }
}

let marks = 0
/** Milliseconds until the shell has answered a short line. */
async function echo({ client, screen }: { client: TerminalClient; screen: CountingScreen }): Promise<number> {
  const mark = `mark-${marks++}.`
  const began = performance.now()
  const { onBytes } = screen
  const seen = new Promise<number>((resolve) => {
    screen.onBytes = (bytes) => {
      onBytes(bytes)
      if (screen.tail.includes(mark)) resolve(performance.now() - began)
    }
  })
  client.input(`echo "mark"-${mark.slice(5)}\r`)
  const timer = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no ${mark} in ${JSON.stringify(screen.tail.slice(-200))}`)), 60_000).unref()
  })
  try {
    return await Promise.race([seen, timer])
  } finally {
    screen.onBytes = onBytes
  }
}

const quantile = (values: number[], q: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? 0

it(`F3, F5: cuts of either link and deaths of the gateway lose no line (seed ${SEED})`, async () => {
  const report = new FaultReport('F5-terminals', 'links cut in mid-output')
  const runs = 8 * SOAK
  for (let run = 0; run < runs; run++) {
    // Both ends begin without the failures of the fault before: with each the next attempt comes later.
    await world.daemon.kill('SIGKILL')
    world.startDaemon()
    await world.served()
    const tab = world.tab()
    const stream = await LineStream.start(world, tab, { count: 12_000, bytesPerSecond: 500_000 })
    await pause(random.int(0, 500))
    const fault = random.pick(['tab', 'machine', 'both', 'gateway'] as const)
    const began = performance.now()
    if (fault === 'gateway') {
      await world.gateway.kill('SIGKILL')
      await world.startGateway()
    } else {
      const relays = fault === 'both' ? [world.tabs, world.machine] : [fault === 'tab' ? world.tabs : world.machine]
      for (const relay of relays) relay.away()
      await pause(random.int(0, 600))
      for (const relay of relays) relay.heal()
    }
    const healed = performance.now()
    await tab.when(began, ({ status }) => status !== 'live')
    const recover = await stream.flowing(healed)
    await stream.ended()
    report.run(stream.outcome(), { recover })
    report.figures[`run ${run + 1}`] = fault
    sample(report)
    tab.close()
    await world.closeTerminal(stream.id)
  }
  report.finish()
})

it('F8: a slow and distant link: memory is bounded, typing and Ctrl-C work', async () => {
  const report = new FaultReport('F8', '20 kB/s and 600 ms round trip')
  const relay = await Relay.start({ to: world.port, random, rewriteHost: true })
  try {
    relay.shape('both', { delayMs: 300, bytesPerSecond: 20_000 })
    const tab = world.tab(relay)
    const quiet = await shell(tab)
    const quietEcho = await echo(quiet)
    const before = used()
    const program = 'yes "a line that floods the terminal and never ends by itself"'
    const flood = await shell(tab, program)
    const first = await echo(quiet)
    await until('the flood', () => flood.screen.bytes > 250_000)
    const floodEcho = await echo(quiet)
    const stopped: number[] = []
    for (let run = 0; run < 4 * SOAK; run++) {
      if (run > 0) flood.client.input(`${program}\r`)
      const enough = flood.screen.bytes + 40_000
      await until('the flood', () => flood.screen.bytes > enough)
      await pause(random.int(0, 300))
      flood.client.input('\u0003')
      stopped.push(await echo(flood))
      report.run({}, { recover: stopped.at(-1) ?? 0 })
      sample(report)
    }
    report.figures['echo ms'] = Math.round(quietEcho)
    report.figures['echo when a flood begins ms'] = Math.round(first)
    report.figures['echo beside a flood ms'] = Math.round(floodEcho)
    report.figures['Ctrl-C to prompt, slowest ms'] = Math.round(Math.max(...stopped))
    report.figures['memory added MiB'] = Math.round(used() - before)
    expect(used() - before).toBeLessThan(64)
    tab.close()
    for (const { client } of [quiet, flood]) await world.closeTerminal(client.id)
  } finally {
    await relay.close()
  }
  report.finish()
})

it('F8: attaching to a long history over a slow and distant link leaves the link to the others', async () => {
  const report = new FaultReport('F8-attach', '20 kB/s and 600 ms round trip, 1.5 MB of history')
  const relay = await Relay.start({ to: world.port, random, rewriteHost: true })
  try {
    const near = world.tab()
    const printed = await shell(near)
    printed.client.input('seq 1 250000\r')
    await until('the lines', () => printed.screen.tail.includes('250000'))
    relay.shape('both', { delayMs: 300, bytesPerSecond: 20_000 })
    const tab = world.tab(relay)
    const other = await shell(tab)
    const quiet = await echo(other)
    const screen = new CountingScreen()
    const client = tab.attach(printed.client.id, screen)
    await until('its first bytes', () => screen.bytes > 0)
    const beside: number[] = []
    // What went before an answer is what the answer waited for; the whole history takes more than a minute.
    for (let typed = 0; typed < 4; typed++) {
      const before = screen.bytes
      beside.push(await echo(other))
      expect(screen.bytes - before).toBeLessThan(40_000)
      sample(report)
    }
    expect(client.get().phase).toBe('catching_up')
    expect(relay.accepted).toBe(1)
    report.run({}, { recover: Math.max(...beside) })
    report.figures['echo ms'] = Math.round(quiet)
    report.figures['echo beside it, slowest ms'] = Math.round(Math.max(...beside))
    for (const one of [tab, near]) one.close()
    for (const id of [other.client.id, printed.client.id]) await world.closeTerminal(id)
  } finally {
    await relay.close()
  }
  report.finish()
})

it('F9: sliced and delayed bytes are the same bytes', async () => {
  const report = new FaultReport('F9-terminals', 'sliced, jittered')
  for (const shape of [{ slice: { min: 1, max: 7 } }, { delayMs: 20, jitterMs: 30 }]) {
    for (const relay of [world.tabs, world.machine]) relay.shape('both', shape)
    const tab = world.tab()
    const stream = await LineStream.start(world, tab, { count: 1_500, bytesPerSecond: 60_000 })
    await stream.ended()
    report.run(stream.outcome())
    tab.close()
    for (const relay of [world.tabs, world.machine]) relay.heal()
    await world.closeTerminal(stream.id)
  }
  report.finish()
})

it('F20: a slow reader beside a fast one takes nothing from it', async () => {
  const report = new FaultReport('F20', 'slow reader beside a fast one')
  const count = 120_000
  const fast = world.tab()
  let added = 0
  /** Milliseconds of a flood that a fast reader watches, and perhaps one of 10 kB/s. */
  const flood = async (slow: CountingScreen | null): Promise<number> => {
    const id = await world.openTerminal()
    const slowTab = slow ? world.tab() : null
    if (slow) slowTab?.attach(id, slow)
    const screen = new CountingScreen()
    const client = fast.attach(id, screen)
    await until('the terminal to be live', () => client.get().phase === 'live')
    const before = used()
    client.input(`${numberedLines(count, 0)}\r`)
    await until('the first line', () => screen.lines.seen > 0)
    const began = performance.now()
    await until('the end', () => {
      added = Math.max(added, used() - before)
      return screen.end()
    })
    const ms = performance.now() - began
    report.run({ ...screen.lines.outcome, lost: screen.lines.outcome.lost + count - screen.lines.next })
    sample(report)
    slowTab?.close()
    await world.closeTerminal(id)
    return ms
  }
  const ratios: number[] = []
  for (let run = 0; run < 3 * SOAK; run++) {
    const alone = await flood(null)
    // What the slow one is given has no silent hole either.
    const slow = new CountingScreen(10_000)
    ratios.push((await flood(slow)) / alone)
    report.run(slow.lines.outcome)
    report.figures['slow one has bytes'] = slow.bytes
  }
  report.figures['fast one, ratio to alone'] = Math.round(quantile(ratios, 0.5) * 100) / 100
  report.figures['memory added MiB'] = Math.round(added)
  expect(added).toBeLessThan(64)
  fast.close()
  report.finish()
})

/** Enough for the slowest of twenty to be the same from run to run. */
const ECHOES = 400

it('F21: a greedy producer and its neighbour', async () => {
  const report = new FaultReport('F21', 'echo beside a greedy neighbour')
  const tab = world.tab()
  const neighbour = await shell(tab)
  const quiet: number[] = []
  for (let i = 0; i < ECHOES; i++) quiet.push(await echo(neighbour))
  const greedy = await shell(tab, 'yes "a line that floods the terminal and never ends by itself"')
  await until('the flood', () => greedy.screen.bytes > 1_000_000)
  const beside: number[] = []
  for (let i = 0; i < ECHOES; i++) beside.push(await echo(neighbour))
  const began = performance.now()
  greedy.client.input('\u0003')
  await echo(greedy)
  report.run({}, { recover: performance.now() - began })
  sample(report)
  for (const share of [0.5, 0.95]) {
    const [alone, there] = [quantile(quiet, share), quantile(beside, share)]
    report.figures[`quiet p${share * 100} ms`] = Math.round(alone * 100) / 100
    report.figures[`beside p${share * 100} ms`] = Math.round(there * 100) / 100
    report.figures[`p${share * 100} ratio`] = Math.round((there / alone) * 10) / 10
  }
  tab.close()
  for (const { client } of [neighbour, greedy]) await world.closeTerminal(client.id)
  report.finish()
})

it('F11: a reload and three tabs show the same, and a tab that slept catches up', async () => {
  const report = new FaultReport('F11-terminals', 'reload, three tabs, sleep')
  const first = world.tab()
  const stream = await LineStream.start(world, first, { count: 20_000, bytesPerSecond: 500_000 })
  const [second, third] = [world.tab(), world.tab()].map((tab) => {
    const screen = new CountingScreen()
    return { tab, screen, client: tab.attach(stream.id, screen) }
  })
  // A reload: the tab is gone, another one begins with nothing.
  await until('the second one to have lines', () => (second?.screen.lines.seen ?? 0) > 500)
  second?.tab.close()
  const reloaded = new CountingScreen()
  const again = world.tab()
  again.attach(stream.id, reloaded)
  third?.client.setVisible(false)
  third?.tab.setVisible(false)
  await stream.ended()
  report.run(stream.outcome())
  third?.client.setVisible(true)
  third?.tab.setVisible(true)
  for (const screen of [reloaded, third?.screen]) {
    await until('the last line', () => screen?.end())
    report.run(screen?.lines.outcome)
  }
  for (const tab of [first, again]) tab.close()
  third?.tab.close()
  await world.closeTerminal(stream.id)
  report.finish()
})

it('F19: a sign-out cuts the stream off at once, and nothing typed after it arrives', async () => {
  const report = new FaultReport('F19-terminals', 'signed out in mid-output')
  const other = await world.browser.copy()
  const mine = world.tab()
  const theirs = world.tab(world.tabs, other)
  const stream = await LineStream.start(world, mine, { count: 30_000, bytesPerSecond: 500_000 })
  const screen = new CountingScreen()
  const client = theirs.attach(stream.id, screen)
  await until('the second one to have lines', () => screen.lines.seen > 100)
  const began = performance.now()
  await other.post('api/auth/sign-out', {})
  const detect = await theirs.when(began, ({ status }) => status === 'refused')
  const { bytes } = screen
  client.input('echo typed""after\r')
  await stream.ended()
  expect(screen.bytes).toBe(bytes)
  expect(stream.screen.tail).not.toContain('typedafter')
  expect(detect).toBeLessThan(5_000)
  report.run(stream.outcome(), { detect })
  for (const tab of [mine, theirs]) tab.close()
  await world.closeTerminal(stream.id)
  report.finish()
})
