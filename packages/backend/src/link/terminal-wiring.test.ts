import { PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import { FakeClock, settle } from '@pilot/protocol/link/fake-clock'
import { expect, test } from 'vitest'
import { fakeService, openOrder } from '../terminal/testing/harness.ts'
import { TerminalWiring } from './terminal-wiring.ts'

const actor = { user_id: newId('user'), role: 'member' as const }
const attach = (order: ReturnType<typeof openOrder>, generation: number) => ({
  ...{
    schema_version: '1' as const,
    type: 'terminal.attach' as const,
    request_id: newId('request'),
    generation,
    actor,
  },
  ...{ terminal_id: order.terminal_id, workspace_id: order.workspace_id, writer_id: 'writer-1', read_only: false },
  ...{ cols: 90, rows: 30 },
})

async function wired(service: ReturnType<typeof fakeService>['service'] | null) {
  const said: { type: string; code?: string }[] = []
  const logged: unknown[] = []
  const welcome = Promise.withResolvers<void>()
  const wiring = new TerminalWiring({
    service,
    clock: new FakeClock(),
    fence: (_, generation) => {
      if (generation !== 3) throw new PilotError('STALE_GENERATION')
    },
    applied: () => welcome.promise,
    bufferedAmount: () => 0,
    text: (text) => said.push(JSON.parse(text)),
    frame: () => undefined,
    log: (_, fields) => logged.push(fields),
  })
  wiring.start()
  return { wiring, said, logged, welcome }
}

test('an attach waits for the welcome and is answered only in the generation that is served', async () => {
  const { service } = fakeService()
  const order = openOrder()
  await service.open(order)
  const { wiring, said, logged, welcome } = await wired(service)
  wiring.receive(attach(order, 3))
  await settle()
  expect(said).toEqual([])
  welcome.resolve()
  await settle()
  expect(said.map(({ type }) => type)).toEqual(['terminal.attached', 'terminal.transfer_end', 'terminal.size'])
  wiring.receive(attach(order, 2))
  await settle()
  expect(said.at(-1)).toMatchObject({ type: 'error', code: 'STALE_GENERATION' })
  const { workspace_id, terminal_id } = order
  const stale = { schema_version: '1' as const, generation: 2, actor, workspace_id, terminal_id }
  wiring.receive({ ...stale, type: 'terminal.resize', input_channel: 0x8000_0000, cols: 10, rows: 10 })
  await settle()
  expect(logged).toEqual([{ type: 'terminal.resize', code: 'STALE_GENERATION' }])
  expect(service.statuses()[0]).toMatchObject({ cols: 90, rows: 30 })
})

test('a machine without terminals says so, and a control plane without them is told nothing twice', async () => {
  const none = await wired(null)
  none.welcome.resolve()
  none.wiring.receive(attach(openOrder(), 3))
  await settle()
  expect(none.said).toMatchObject([{ type: 'error', code: 'CAPABILITY_UNSUPPORTED' }])
  expect(none.wiring.hello()).toEqual([])
  const { service } = fakeService()
  const { wiring, said } = await wired(service)
  await service.open(openOrder())
  wiring.unsupported()
  await service.open(openOrder())
  expect(said).toHaveLength(1)
  expect(wiring.hello()).toHaveLength(2)
})
