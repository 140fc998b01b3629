import { newId } from '@pilot/domain/ids'
import { openNodeSqlite } from '@pilot/domain/sqlite/node-sqlite'
import { FakeClock } from '@pilot/protocol/link/fake-clock'
import { LinkTerminals } from '../link-terminals.ts'
import { type OpenOrder, TerminalService, type TerminalServiceDeps } from '../service.ts'
import type { SourceSpec } from '../source.ts'
import { createTerminalStore } from '../store.ts'
import { FakeSource } from './fake-source.ts'
import { FakeHub } from './fake-viewers.ts'

/** Test support: an order to open a shell. */
export function openOrder(more: Partial<OpenOrder> = {}): OpenOrder {
  return {
    ...{ terminal_id: newId('terminal'), workspace_id: newId('workspace'), launch: { kind: 'shell' }, cwd: '' },
    ...{ source: 'host', cols: 80, rows: 24, limit: 50 },
    ...more,
  }
}

/** Test support: a service over fake sources, in memory. */
export function fakeService(more: Partial<TerminalServiceDeps> = {}) {
  const clock = new FakeClock()
  const db = openNodeSqlite(':memory:')
  const sources = new Map<string, FakeSource>()
  const started: SourceSpec[] = []
  const make = (spec: SourceSpec) => {
    started.push(spec)
    const source = Object.assign(new FakeSource(), { terminalId: spec.terminalId })
    sources.set(spec.terminalId, source)
    return source
  }
  const deps: TerminalServiceDeps = {
    store: createTerminalStore(db),
    launcher: {
      start: async (spec) => make(spec),
      adopt: async (only) =>
        [...sources.values()].filter(({ terminalId }) => only === undefined || terminalId === only),
    },
    clock,
    prepare: async ({ terminal_id: terminalId, cols, rows }) => ({
      ...{ terminalId, cwd: '/w', env: {}, cols, rows, layer: { kind: 'pty', argv: ['/bin/sh'] } },
    }),
    checkpoint: async () => undefined,
    log: () => undefined,
    ...more,
  }
  return { clock, deps, sources, started, service: new TerminalService(deps) }
}

/** Test support: one terminal on a link. */
export async function watchedTerminal(ringBytes?: number) {
  const source = new FakeSource(ringBytes)
  const world = fakeService({
    launcher: {
      start: async (spec) => Object.assign(source, { terminalId: spec.terminalId }),
      adopt: async () => [source],
    },
  })
  const order = openOrder()
  await world.service.open(order)
  const terminal = world.service.find(order.workspace_id, order.terminal_id)
  const hub = new FakeHub()
  const { clock, service } = world
  const link = new LinkTerminals({ service, clock, ...hub.link })
  hub.use(link, terminal)
  return { ...world, source, terminal, hub, link, order }
}
