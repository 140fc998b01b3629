import { Relay } from '../tests/support/relay.ts'
import { type Figure, main, median, quantile } from './support/figures.ts'
import { type Client, pilotWithWorkspace, stopTerminals } from './support/pilot.ts'
import { pause, scoped, until } from './support/program.ts'
import {
  answer,
  attached,
  createTerminal,
  FLOOD,
  openTab,
  PROMPT,
  prepared,
  Sink,
  shellOf,
} from './support/terminals.ts'

const bench = 'far'
const STOPS = Number(process.env.BENCH_STOPS ?? 20)

interface Way {
  name: string
  /** Round trip in ms, and bytes a second; 0 is as fast as it goes. */
  roundTrip: number
  rate: number
}

/** A terminal over a way that is long or slow, which a relay on this computer plays between the tab and the gateway. */
export async function run(): Promise<Figure[]> {
  return scoped(async (scope) => {
    const { home, pilot, client } = await pilotWithWorkspace(scope)
    scope.defer(() => stopTerminals(home))
    const relay = await Relay.start({ to: pilot.port, rewriteHost: true })
    scope.defer(() => relay.close())
    const figures: Figure[] = []
    for (const [way, aim] of [
      [{ name: '100 ms', roundTrip: 100, rate: 0 }, 200],
      [{ name: '100 ms, 1 MB/s', roundTrip: 100, rate: 1_000_000 }, undefined],
      [{ name: '600 ms, 20 kB/s', roundTrip: 600, rate: 20_000 }, 800],
    ] as const)
      figures.push(...(await stopFigures(client, relay, way, aim)))
    figures.push(...(await catchUpFigures(client, relay)))
    return figures
  })
}

/** The same workspace, seen through the relay. */
const through = (client: Client, relay: Relay): Client => {
  const { pathname } = new URL(client.base)
  return { ...client, base: new URL(pathname, relay.url).href }
}

function shape(relay: Relay, { roundTrip, rate }: Way): void {
  relay.shape('both', { delayMs: roundTrip / 2, bytesPerSecond: rate })
}

async function openShell(client: Client, tabOf: Client) {
  const tab = openTab(tabOf)
  const id = await createTerminal(client)
  const sink = new Sink()
  const terminal = await attached(tab, id, sink)
  return { id, tab, terminal, sink, shell: await prepared(shellOf(terminal, sink)) }
}

/** Ctrl-C until the prompt, beside an echo on the same way, and what of the way a flood takes. */
async function stopFigures(client: Client, relay: Relay, way: Way, aim?: number): Promise<Figure[]> {
  shape(relay, way)
  const { tab, shell } = await openShell(client, through(client, relay))
  const echoes: number[] = []
  for (let i = 0; i < STOPS; i++) echoes.push(await answer(shell, `echo a""nswer\r`, 'answer'))
  const stops: number[] = []
  const rates: number[] = []
  for (let i = 0; i < STOPS; i++) {
    await answer(shell, `${FLOOD}\r`, 'floods')
    const [from, began] = [shell.bytes(), performance.now()]
    // Longer than a window takes to settle, and never the same time.
    await pause(10 * way.roundTrip + 500 + 37 * (i % 8))
    rates.push(((shell.bytes() - from) / (performance.now() - began)) * 1_000)
    stops.push(await answer(shell, '\u0003', PROMPT))
  }
  tab.close()
  const figure = (q: number, limit?: number): Figure => {
    const value = quantile(stops, q)
    const reference = { name: 'an idle echo', value: median(echoes) }
    const met = limit === undefined ? {} : { aim: { text: `at most ${limit} ms`, met: value <= limit } }
    const name = `Ctrl-C to prompt, ${way.name}, p${q * 100}`
    return { bench, name, unit: 'ms', value, reference, ratio: value / reference.value, ...met, runs: stops.length }
  }
  const used = median(rates.slice(1))
  const full = { name: 'the way', value: way.rate / 1_000 }
  const share = { name: `flood, ${way.name}`, unit: 'kB/s', value: used / 1_000, runs: rates.length - 1 }
  return [
    figure(0.5),
    figure(0.95, aim),
    ...(way.rate > 0 ? [{ bench, ...share, reference: full, ratio: used / way.rate }] : []),
  ]
}

/** A tab whose connection was gone while the program went on: from its new connection until it shows the last line. */
async function catchUpFigures(client: Client, relay: Relay): Promise<Figure[]> {
  const way = { name: '50 ms, 1 MB/s', roundTrip: 50, rate: 1_000_000 }
  const figures: Figure[] = []
  for (const megabytes of [0.25, 1, 4, 20]) {
    const ms: number[] = []
    const got: number[] = []
    for (let run = 0; run < 3; run++) {
      shape(relay, way)
      const lines = Math.round((megabytes * 1e6) / 60)
      const { id, tab, terminal, sink, shell } = await openShell(client, through(client, relay))
      const beside = openTab(client)
      const near = new Sink()
      const writer = await attached(beside, id, near)
      const command = `seq -f "%08.0f a line of text that is as long as any other one is" 1 ${lines}`
      await until('the tab to be quiet', () => terminal.get().phase === 'live')
      relay.away()
      await until('the tab to notice', () => terminal.get().phase !== 'live')
      const before = sink.bytes
      await answer(shellOf(writer, near), `${command}; echo fin""ished\r`, 'finished')
      const connections = relay.accepted
      const shown = answer({ ...shell, type: () => undefined }, '', 'finished')
      relay.refuse(false)
      await shown
      await until('the tab to be live', () => terminal.get().phase === 'live')
      ms.push(performance.now() - (relay.acceptedAt[connections] ?? 0))
      got.push((sink.bytes - before) / 1e6)
      tab.close()
      beside.close()
    }
    const reference = { name: 'what was missed ÷ rate', value: (megabytes * 1e6 * 1_000) / way.rate }
    const value = median(ms)
    const name = `catching up on ${megabytes} MB, ${way.name}`
    figures.push({ bench, name, unit: 'ms', value, reference, ratio: value / reference.value, runs: ms.length })
    figures.push({ bench, name: `${name}: given`, unit: 'MB', value: median(got), runs: got.length })
  }
  return figures
}

if (import.meta.main) await main(run)
